//! Inserts, updates and deletions of customers and addresses, and how they are refused
//! (shoper-api.md D.4, D.6, E.1, E.2).

use http::Method;
use serde_json::{Value, json};

use super::super::{FieldKind, LockedCode, NewCustomer, NewField, NotFoundCode};
use super::{ANNA, JAN, Site, a_plain_shop, a_shop};

#[test]
fn an_insert_answers_the_bare_id_and_changes_answer_one() {
    let site = a_plain_shop();
    let inserted = site.post(
        "users",
        &json!({ "email": ANNA, "firstname": "Anna", "active": true }),
    );
    assert_eq!((inserted.status, &inserted.answer.body()[..]), (200, &b"1"[..]));
    let updated = site.put("users/1", &json!({ "lastname": "Nowak" }));
    assert_eq!((updated.status, &updated.answer.body()[..]), (200, &b"1"[..]));
    let customer = site.shop.customer(1).unwrap();
    assert_eq!(
        (&*customer.firstname, &*customer.lastname),
        ("Anna", "Nowak"),
        "partial bodies change what they name"
    );
    let deleted = site.delete("users/1");
    assert_eq!((deleted.status, &deleted.answer.body()[..]), (200, &b"1"[..]));
    assert_eq!(site.delete("users/1").status, 404);
}

#[test]
fn wrong_values_are_told_together_in_the_language_asked_for() {
    let site = a_plain_shop();
    let seen = site.post("users", &json!({ "firstname": "Anna", "active": "perhaps" }));
    assert_eq!(seen.refusal(), (400, "invalid_request"));
    assert_eq!(
        seen.json["error_description"],
        "Wartość pola 'email' jest niepoprawna: Pole wymagane; \
         Wartość pola 'active' jest niepoprawna: Wartość 'perhaps' jest niepoprawna"
    );
    let mut request = site.request(Method::POST, "users", "{}");
    request
        .headers_mut()
        .insert("Accept-Language", "en_US;q=0.8".parse().unwrap());
    assert_eq!(
        site.ask(&request).json["error_description"],
        "Value of field 'email' is invalid: Required field"
    );
    for body in ["", "[]", "{"] {
        assert_eq!(
            site.ask(&site.request(Method::POST, "users", body)).refusal(),
            (400, "invalid_request")
        );
    }
}

#[test]
fn an_address_belongs_to_one_customer() {
    let site = a_plain_shop();
    site.shop.add_customer(NewCustomer::new(ANNA));
    site.shop.add_customer(NewCustomer::new(JAN));
    let taken = "Wartość pola 'email' jest niepoprawna: Wartość 'ANNA@example.com' już istnieje";
    let upper = json!({ "email": "ANNA@example.com" });
    for seen in [site.post("users", &upper), site.put("users/2", &upper)] {
        assert_eq!(
            (seen.status, &seen.json["error_description"]),
            (400, &json!(taken))
        );
    }
    assert_eq!(
        site.put("users/1", &upper).status,
        200,
        "one's own address in another spelling"
    );
    assert_eq!(site.put("users/2", &json!({ "email": "no address" })).status, 400);
    assert_eq!(site.put("users/2", &json!({ "password": "short" })).status, 400);
}

#[test]
fn the_newsletter_flag_cannot_be_written_unless_the_shop_is_otherwise() {
    let flag = |site: &Site| {
        site.shop.add_customer(NewCustomer::new(ANNA).newsletter(true));
        assert_eq!(site.put("users/1", &json!({ "newsletter": 0 })).status, 200);
        site.shop.customer(1).unwrap().newsletter
    };
    assert!(flag(&a_plain_shop()));
    assert!(!flag(&a_shop(|s| s.newsletter_writable = true)));
}

#[test]
fn what_parts_the_tags_in_that_text_is_not_known() {
    let site = a_shop(|s| s.tag_separator = ';');
    site.post("users", &json!({ "email": ANNA, "tags": "VIP, hurt; nowy" }));
    assert_eq!(site.get("users/1").json["tags"], json!(["VIP, hurt", "nowy"]));
}

#[test]
fn tags_are_written_as_one_text_and_fields_as_an_object() {
    let site = a_plain_shop();
    let club = site
        .shop
        .add_additional_field(NewField::new("Klub", FieldKind::Text));
    let colour = site
        .shop
        .add_additional_field(NewField::new("Kolor", FieldKind::Select).options(&["czerwony"]));
    let body = json!({
        "email": ANNA, "tags": "VIP, hurt", "group_id": 0, "discount": "12.5",
        "additional_fields": { club.to_string(): "tak", colour.to_string(): "1", "99": "nothing" },
    });
    site.post("users", &body);
    let seen = site.get("users/1").json;
    assert_eq!(
        (&seen["tags"], &seen["discount"]),
        (&json!(["VIP", "hurt"]), &json!("12.50"))
    );
    assert_eq!(seen["additional_fields"].as_array().unwrap().len(), 2);
    let customer = site.shop.customer(1).unwrap();
    assert_eq!(
        (customer.field_value(club), customer.field_value(colour)),
        (Some("tak"), Some("czerwony"))
    );
    site.put(
        "users/1",
        &json!({ "additional_fields": { club.to_string(): "" } }),
    );
    assert_eq!(site.shop.customer(1).unwrap().field_value(club), None);
}

fn an_address() -> Value {
    json!({
        "user_id": 1, "firstname": "Anna", "lastname": "Nowak", "street_1": "Polna 1", "city": "Opole",
        "zip_code": "45-001", "phone": "500600700", "country_code": "PL", "default": true,
    })
}

#[test]
fn address_books_are_written_with_their_required_fields() {
    let site = a_plain_shop();
    site.shop.add_customer(NewCustomer::new(ANNA));
    assert_eq!(site.post("user-addresses", &an_address()).json, 1);
    assert_eq!(site.post("user-addresses", &an_address()).json, 2);
    let defaults: Vec<bool> = site
        .shop
        .addresses(1)
        .iter()
        .map(|address| address.default)
        .collect();
    assert_eq!(defaults, [false, true], "there is one default");
    for missing in [
        "user_id",
        "firstname",
        "lastname",
        "street_1",
        "city",
        "zip_code",
        "phone",
        "country_code",
    ] {
        let mut body = an_address();
        body.as_object_mut().unwrap().remove(missing);
        assert_eq!(
            site.post("user-addresses", &body).refusal(),
            (400, "invalid_request"),
            "{missing}"
        );
    }
    let mut by_name = an_address();
    by_name["country_code"] = Value::Null;
    by_name["country"] = json!("Czechy");
    assert_eq!(site.post("user-addresses", &by_name).status, 200);
    assert_eq!(site.put("user-addresses/2", &json!({ "city": "Rybnik" })).json, 1);
    assert_eq!(&*site.shop.addresses(1)[1].details.city, "Rybnik");
    assert_eq!(site.delete("user-addresses/1").json, 1);
    assert_eq!(site.delete("user-addresses/1").status, 404);
    site.delete("users/1");
    assert_eq!(
        site.get("user-addresses").json["count"],
        "0",
        "an address book goes with its owner"
    );
}

#[test]
fn a_missing_object_is_told_with_a_body_in_either_code() {
    for (setting, code) in [
        (NotFoundCode::InvalidRequest, "invalid_request"),
        (NotFoundCode::ServerError, "server_error"),
    ] {
        let site = a_shop(|s| s.not_found_error_code = setting);
        for path in [
            "users/7",
            "subscribers/7",
            "user-addresses/7",
            "webhooks/7",
            "users/abc",
            "languages/7",
        ] {
            assert_eq!(site.get(path).refusal(), (404, code), "{path}");
        }
        assert_eq!(site.put("users/7", &json!({})).refusal(), (404, code));
    }
}

#[test]
fn a_customer_whom_an_administrator_has_open_cannot_be_written() {
    for (setting, code) in [
        (LockedCode::TemporarilyUnavailable, "temporarily_unavailable"),
        (LockedCode::ServerError, "server_error"),
    ] {
        let site = a_shop(|s| s.locked_error_code = setting);
        site.shop.add_customer(NewCustomer::new(ANNA));
        site.shop.lock_customer(1, true);
        assert_eq!(
            site.put("users/1", &json!({ "comment": "x" })).refusal(),
            (409, code)
        );
        assert_eq!(site.delete("users/1").refusal(), (409, code));
        assert_eq!(site.post("user-addresses", &an_address()).refusal(), (409, code));
        assert_eq!(site.get("users/1").status, 200);
        site.shop.lock_customer(1, false);
        assert_eq!(site.put("users/1", &json!({ "comment": "x" })).status, 200);
    }
}

#[test]
fn what_does_not_exist_is_refused_by_kind() {
    let site = a_plain_shop();
    assert_eq!(site.get("nonsense").refusal(), (400, "invalid_request"));
    let not_allowed = site.delete("users");
    assert_eq!((not_allowed.status, not_allowed.answer.body().len()), (405, 0));
    assert_eq!(site.post("languages", &json!({})).status, 405);
    assert_eq!(site.get("metafields").status, 501);
    let strange = site.ask(
        &http::Request::get("https://shop1.example/kontakt")
            .body("".into())
            .unwrap(),
    );
    assert_eq!(
        (strange.status, strange.json),
        (404, Value::Null),
        "a 404 without Shoper's body"
    );
}
