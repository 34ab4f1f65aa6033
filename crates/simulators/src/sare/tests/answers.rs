//! Every row of the table in sare-api.md 15, in its default and in each variant.

use http::Method;
use serde_json::{Value, json};

use super::super::{
    AddErrors, AddSuccess, AuthRefused, BlockedAnswer, ContactShape, ContactView, Duplicate, EmptyAdd,
    ListShape, LookupForm, MissingContact, PastLastPage, PropsShape, StatusForm, UnknownInList,
};
use super::{ANNA, DATA, JAN, KEEP, World, a_plain_account, an_account, parts};

#[test]
fn the_envelope_comes_in_each_shape() {
    let (status, answer) = a_plain_account().get("/group/free");
    assert_eq!(status, 200);
    assert_eq!((&answer["code"], &answer["status"]), (&json!(200), &json!("OK")));
    assert_eq!(answer.as_object().unwrap().len(), 3);

    let (_, answer) = an_account(|s| s.envelope.code_as_string = true).get("/group/free");
    assert_eq!(answer["code"], "200");
    let (_, answer) = an_account(|s| s.envelope.with_status = false).get("/group/free");
    assert_eq!(answer.get("status"), None);
    let (_, answer) = an_account(|s| s.envelope.extra_members = true).get("/group/free");
    assert!(answer["version"].is_string() && answer["response"].is_array());
}

#[test]
fn a_bad_key_or_a_foreign_uid_is_refused_in_each_way() {
    let strangers = |world: &World| {
        let mut bad_key = world.request(Method::GET, "/group/list", "");
        bad_key.headers_mut().insert("ApiKey", "wrong".parse().unwrap());
        let mut no_key = world.request(Method::GET, "/group/list", "");
        no_key.headers_mut().remove("ApiKey");
        let mut foreign = world.request(Method::GET, "/group/list", "");
        *foreign.uri_mut() = "https://s.enewsletter.pl/api/v1/54321/group/list"
            .parse()
            .unwrap();
        [bad_key, no_key, foreign].map(|request| world.account.handle(&request))
    };
    for (variant, status, code) in [
        (AuthRefused::Unauthorized, 401, json!(401)),
        (AuthRefused::Forbidden, 403, json!(403)),
        (AuthRefused::CodeOnly, 200, json!(401)),
        (AuthRefused::Html, 401, Value::Null),
    ] {
        for answer in strangers(&an_account(|s| s.auth_refused = variant)) {
            let (seen, body) = parts(&answer);
            assert_eq!((seen, &body["code"]), (status, &code), "{variant:?}");
            assert_eq!(
                answer.body().starts_with(b"<!DOCTYPE"),
                variant == AuthRefused::Html
            );
        }
    }
}

#[test]
fn the_properties_come_in_each_shape() {
    let props = |shape| an_account(|s| s.props_shape = shape).get("/email/props").1["response"].clone();
    let list = props(PropsShape::List);
    assert_eq!(list[0], json!({ "id": "prop1", "name": "C1", "type": "text" }));
    assert_eq!(
        list[9],
        json!({ "id": "miasto", "name": "miasto", "type": "text" })
    );
    assert_eq!(list[11]["type"], "list");
    assert_eq!(props(PropsShape::Labels)["prop1"], "C1");
    let split = props(PropsShape::Split);
    assert_eq!(
        (&split["prop"]["prop9"], &split["prop_cust"]["miasto"]),
        (&json!("C9"), &json!("miasto"))
    );
    assert_eq!(split["prop"].as_object().unwrap().len(), 9);
    assert_eq!(props(PropsShape::Names)[9], "miasto");
    let none = an_account(|s| {
        s.props_shape = PropsShape::Labels;
        s.props.clear();
        s.empty_objects_as_lists = true;
    });
    assert_eq!(none.get("/email/props").1["response"], json!([]));
}

#[test]
fn an_empty_add_is_refused_in_each_way() {
    let (status, answer) = a_plain_account().add(&[], &json!([]));
    assert_eq!((status, &answer["code"]), (400, &json!(400)));
    let (status, answer) = an_account(|s| s.empty_add = EmptyAdd::CodeOnly).add(&[], &json!([]));
    assert_eq!((status, &answer["code"]), (200, &json!(400)));
}

#[test]
fn a_good_add_is_answered_in_each_shape() {
    let add = |shape| {
        let world = an_account(|s| s.add_success = shape);
        let (status, answer) = world.add(&[], &json!([{ "email": ANNA }, { "email": JAN }]));
        assert_eq!(
            (status, &answer["code"], world.account.len()),
            (200, &json!(200), 2)
        );
        answer["response"].clone()
    };
    let names = json!([{ "email": ANNA }, { "email": JAN }]);
    assert_eq!(
        add(AddSuccess::SuccessAndError),
        json!({ "success": names, "error": [] })
    );
    assert_eq!(add(AddSuccess::NoError), json!({ "success": names }));
    assert_eq!(add(AddSuccess::List), names);
    assert_eq!(add(AddSuccess::Number), json!(2));
}

#[test]
fn a_partly_bad_add_is_answered_in_each_way() {
    let add = |shape| {
        let world = an_account(|s| s.add_errors = shape);
        let (status, answer) = world.add(&[], &json!([{ "email": ANNA }, { "email": "not an address" }]));
        (status, answer["response"].clone(), world.account.len())
    };
    let why = "niepoprawny adres e-mail";
    let named = json!([{ "email": "not an address", "why": why }]);
    let good = json!([{ "email": ANNA }]);
    assert_eq!(
        add(AddErrors::EmailAndWhy),
        (200, json!({ "success": good, "error": named }), 1)
    );
    assert_eq!(
        add(AddErrors::WhyOnly),
        (200, json!({ "success": good, "error": [{ "why": why }] }), 1)
    );
    assert_eq!(add(AddErrors::WholeCall), (400, json!({ "error": named }), 0));
    assert_eq!(
        add(AddErrors::MultiStatus),
        (207, json!({ "success": good, "error": named }), 1)
    );
}

#[test]
fn a_known_contact_without_update_flags_is_a_success_or_an_error() {
    let item = json!({ "email": ANNA, "status": 8, "name": "Anna" });
    let world = a_plain_account().with(ANNA, 6, &[1]);
    world.add_one(&[KEEP], &item);
    assert_eq!((world.status(ANNA), world.contact(ANNA).name), (6, String::new()));

    let world = an_account(|s| s.duplicate = Duplicate::Error).with(ANNA, 6, &[1]);
    assert_eq!(
        world.refusal(&[], &json!({ "email": ANNA, "groups": [2] })),
        "adres istnieje juz w bazie"
    );
    assert_eq!(world.contact(ANNA).groups, [1]);
    world.add_one(&[DATA], &item);
}

#[test]
fn a_blocked_contact_stays_as_it_is_and_the_answer_says_so_or_not() {
    let item = json!({ "email": ANNA, "status": 8, "groups": [2], "name": "Anna" });
    let all = [KEEP, DATA, super::STATUS];
    let world = a_plain_account().with(ANNA, 7, &[1]);
    let before = world.contact(ANNA);
    assert_eq!(world.refusal(&all, &item), "adres zablokowany");
    assert_eq!(world.contact(ANNA), before);

    let world = an_account(|s| s.blocked_answer = BlockedAnswer::Silent).with(ANNA, 7, &[1]);
    world.add_one(&all, &item);
    assert_eq!(world.contact(ANNA), before);
}

fn with_jan(world: World) -> World {
    world.account.put_contact_with(&ContactView {
        email: JAN.to_owned(),
        status: 8,
        groups: vec![1, 21],
        name: "Jan Kowalski".to_owned(),
        gsm: "+48500600700".to_owned(),
        comment: "Shoper".to_owned(),
        interface: 1,
        mail_type: vec!["text".to_owned(), "HTML".to_owned()],
        prop: [("prop1".to_owned(), "Jan".to_owned())].into(),
        prop_cust: [("miasto".to_owned(), "Rybnik".to_owned())].into(),
        confirmations: 0,
    });
    world
}

#[test]
fn a_contact_record_comes_in_each_shape() {
    let record = |shape| {
        let world = with_jan(an_account(|s| s.contact_shape = shape));
        world.get("/email/by_email/jan.kowalski%40example.com").1["response"].clone()
    };
    let mut whole = json!({
        "email": JAN,
        "gsm": "+48500600700",
        "name": "Jan Kowalski",
        "status": 8,
        "groups": [1, 21],
        "interface": 1,
        "mail_type": ["text", "HTML"],
        "comment": "Shoper",
        "prop": { "prop1": "Jan" },
        "prop_cust": { "miasto": "Rybnik" },
    });
    assert_eq!(record(ContactShape::Object), whole);
    assert_eq!(record(ContactShape::OneItemList), json!([whole]));
    let texts = record(ContactShape::NumbersAsStrings);
    assert_eq!(
        (&texts["status"], &texts["groups"], &texts["interface"]),
        (&json!("8"), &json!(["1", "21"]), &json!("1"))
    );
    whole.as_object_mut().unwrap().remove("groups");
    assert_eq!(record(ContactShape::NoGroups), whole);
}

#[test]
fn empty_objects_and_no_groups_are_shown_as_set() {
    let world = a_plain_account().with(ANNA, 6, &[]);
    let record = world.get(&format!("/email/by_email/{ANNA}")).1["response"].clone();
    assert_eq!((&record["prop"], &record["groups"]), (&json!({}), &json!([])));
    world.account.change_settings(|s| {
        s.empty_objects_as_lists = true;
        s.shows_group_zero = true;
    });
    let record = world.get(&format!("/email/by_email/{ANNA}")).1["response"].clone();
    assert_eq!((&record["prop"], &record["groups"]), (&json!([]), &json!([0])));
}

#[test]
fn an_unknown_address_is_answered_in_each_way() {
    for (variant, status, code) in [
        (MissingContact::NotFound, 404, 404),
        (MissingContact::BadRequest, 400, 400),
        (MissingContact::Empty, 200, 200),
    ] {
        let world = an_account(|s| s.missing_contact = variant);
        let (seen, answer) = world.get("/email/by_email/nobody@example.com");
        assert_eq!((seen, &answer["code"]), (status, &json!(code)), "{variant:?}");
        assert!(answer["response"].is_null() || answer["response"] == json!([]));
    }
}

fn statuses(world: &World, page: usize) -> (u16, Value) {
    let emails = json!([{ "email": ANNA }, { "email": "Nobody@example.com" }, { "email": JAN }]);
    let (status, answer) = world.post(
        &format!("/email/status_by_email_list/{page}"),
        &json!({ "emails": emails }),
    );
    (status, answer["response"].clone())
}

#[test]
fn statuses_by_list_come_in_each_shape() {
    let answer = |shape, unknown| {
        let world = an_account(|s| {
            s.list_shape = shape;
            s.unknown_in_list = unknown;
        });
        statuses(&world.with(ANNA, 8, &[]).with(JAN, 4, &[]), 0).1
    };
    let anna = json!({ "email": ANNA, "status": 8 });
    let jan = json!({ "email": JAN, "status": 4 });
    let nobody = json!({ "email": "Nobody@example.com", "status": null });
    let absent = UnknownInList::Absent;
    assert_eq!(answer(ListShape::Data, absent), json!({ "data": [anna, jan] }));
    assert_eq!(answer(ListShape::Bare, absent), json!([anna, jan]));
    assert_eq!(answer(ListShape::Map, absent), json!({ ANNA: 8, JAN: 4 }));
    assert_eq!(
        answer(ListShape::Bare, UnknownInList::Null),
        json!([anna, nobody, jan])
    );
    assert_eq!(
        answer(ListShape::Map, UnknownInList::Null)["Nobody@example.com"],
        Value::Null
    );
}

#[test]
fn a_status_comes_as_a_number_digits_or_a_name() {
    let answer = |form| {
        let world = an_account(|s| s.status_form = form)
            .with(ANNA, 8, &[])
            .with(JAN, 4, &[]);
        let rows = statuses(&world, 0).1["data"].clone();
        [rows[0]["status"].clone(), rows[1]["status"].clone()]
    };
    assert_eq!(answer(StatusForm::Number), [json!(8), json!(4)]);
    assert_eq!(answer(StatusForm::Digits), [json!("8"), json!("4")]);
    assert_eq!(
        answer(StatusForm::Polish),
        [json!("zapisany i potwierdzony"), json!("chęć wypisania")]
    );
    assert_eq!(
        answer(StatusForm::English),
        [
            json!("subscribed and confirmed"),
            json!("willingness to unsubscribe")
        ]
    );
}

#[test]
fn records_by_list_come_in_the_same_shapes() {
    let answer = |shape| {
        let world = with_jan(an_account(|s| s.list_shape = shape));
        world
            .post("/email/by_email_list/0", &json!({ "emails": [{ "email": JAN }] }))
            .1["response"]
            .clone()
    };
    for record in [
        &answer(ListShape::Data)["data"][0],
        &answer(ListShape::Bare)[0],
        &answer(ListShape::Map)[JAN],
    ] {
        assert_eq!(
            (&record["email"], &record["name"]),
            (&json!(JAN), &json!("Jan Kowalski"))
        );
    }
}

#[test]
fn lists_are_asked_for_in_the_accepted_form_only() {
    let objects = json!({ "emails": [{ "email": ANNA }] });
    let plain = json!({ "emails": [ANNA] });
    for (form, takes_objects, takes_plain) in [
        (LookupForm::Objects, 200, 400),
        (LookupForm::Plain, 400, 200),
        (LookupForm::Both, 200, 200),
    ] {
        let world = an_account(|s| s.lookup = form).with(ANNA, 8, &[]);
        for path in ["/email/status_by_email_list/0", "/email/by_email_list/0"] {
            assert_eq!(world.post(path, &objects).0, takes_objects, "{form:?}");
            assert_eq!(world.post(path, &plain).0, takes_plain, "{form:?}");
        }
    }
}

#[test]
fn a_long_answer_to_a_list_is_paged_from_zero() {
    let world = an_account(|s| {
        s.page_size = 1;
        s.list_shape = ListShape::Map;
    });
    let world = world.with(ANNA, 8, &[]).with(JAN, 4, &[]);
    assert_eq!(statuses(&world, 0).1, json!({ ANNA: 8 }));
    assert_eq!(statuses(&world, 1).1, json!({ JAN: 4 }));
    assert_eq!(statuses(&world, 2), (200, json!({})));
    world
        .account
        .change_settings(|s| s.past_last_page = PastLastPage::Error);
    assert_eq!(statuses(&world, 2).0, 404);
}

#[test]
fn a_contact_is_found_by_its_hash() {
    let world = an_account(|s| s.hash_salt = "sol".to_owned()).with("Anna@Example.com", 8, &[]);
    // MD5 of `solanna@example.com`.
    let hash = "c6866bef8daf03e5762c2d2148f52a95";
    assert_eq!(
        world.get(&format!("/email/by_email_hash/{hash}")).1["response"]["email"],
        "Anna@Example.com"
    );
    assert_eq!(
        world.get(&format!("/email/status_hash/{hash}")).1["response"],
        json!({ "status": 8 })
    );
    assert_eq!(world.get("/email/status_hash/00").0, 404);
}

#[test]
fn an_address_in_the_path_is_percent_decoded_once() {
    let world = a_plain_account().with("a+b/c@example.com", 8, &[]);
    assert_eq!(world.get("/email/by_email/a%2Bb%2Fc%40example.com").0, 200);
    assert_eq!(world.get("/email/by_email/a+b%2Fc@example.com").0, 200);
    assert_eq!(world.get("/email/by_email/a+b/c@example.com").0, 404);
}

#[test]
fn what_is_no_call_is_refused() {
    let world = a_plain_account();
    assert_eq!(world.get("/email/everything").0, 404);
    assert_eq!(world.raw(Method::PUT, "/group/list", "").status(), 405);
    assert_eq!(world.raw(Method::POST, "/email/add", "{").status(), 400);
    assert_eq!(
        world
            .raw(Method::POST, "/email/add", r#"{"emails":"x"}"#)
            .status(),
        400
    );
    assert_eq!(
        world
            .raw(Method::POST, "/email/by_email_list/-1", r#"{"emails":[]}"#)
            .status(),
        400
    );
    let mut form = world.request(Method::POST, "/email/add", "emails=1");
    form.headers_mut().insert(
        "Content-Type",
        "application/x-www-form-urlencoded".parse().unwrap(),
    );
    assert_eq!(world.account.handle(&form).status(), 415);
    let mut elsewhere = world.request(Method::GET, "", "");
    *elsewhere.uri_mut() = "https://s.enewsletter.pl/acq.php".parse().unwrap();
    assert_eq!(world.account.handle(&elsewhere).status(), 404);
}
