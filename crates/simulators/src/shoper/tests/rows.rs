//! What objects look like on the wire (shoper-api.md D.5, E).

use serde_json::json;

use super::super::{
    FieldKind, NewAddress, NewCustomer, NewField, NewOrder, SelectOptions, SelectValues, Unsaid, WireTypes,
};
use super::{ANNA, a_plain_shop, a_shop};

#[test]
fn a_customer_looks_as_recorded_from_a_live_shop() {
    let site = a_plain_shop();
    let terms = site.shop.add_additional_field(NewField {
        required: true,
        ..NewField::new("Akceptacja regulaminu", FieldKind::Checkbox)
    });
    let id = site.shop.add_customer(
        NewCustomer::new("email@example.com")
            .name("Anna", "Kowalska")
            .field(terms, "1"),
    );
    let expected = json!({
        "user_id": "1", "login": "", "date_add": "2026-11-23 12:00:00", "lastvisit": "0000-00-00 00:00:00",
        "verify_email": "0", "origin": "0", "registered": "1", "groups": [], "group_id": null,
        "additional_fields": [{
            "field_id": "1", "type": "2", "locate": "7", "req": "1", "active": "1", "order": "0",
            "field_value": "1", "value": "1",
        }],
        "tags": [], "firstname": "Anna", "lastname": "Kowalska", "email": "email@example.com",
        "discount": "0.00", "newsletter": "0", "active": "1", "lang_id": "1", "comment": "",
    });
    assert_eq!(site.get(&format!("users/{id}")).json, expected);
    let list = site.get("users").json;
    assert_eq!(
        list,
        json!({ "count": "1", "pages": 1, "page": 1, "list": [expected] })
    );
}

#[test]
fn an_address_looks_as_recorded_from_a_live_shop() {
    let site = a_plain_shop();
    let address = NewAddress {
        firstname: "Anna".into(),
        lastname: "Kowalska".into(),
        street: "Warszawska 543/123".into(),
        city: "Kraków".into(),
        zip_code: "31-345".into(),
        phone: "300542832".into(),
        ..NewAddress::default()
    };
    site.shop.add_customer(NewCustomer::new(ANNA).address(address));
    let seen = site.get("user-addresses/1").json;
    let expected = json!({
        "address_book_id": "1", "user_id": "1", "address_name": "Anna Kowalska, Warszawska 543/123",
        "company_name": "", "pesel": "", "firstname": "Anna", "lastname": "Kowalska",
        "street_1": "Warszawska 543/123", "street_2": "", "city": "Kraków", "zip_code": "31-345", "state": "",
        "country": "Polska", "default": "1", "shipping_default": "1", "phone": "300542832",
        "sortkey": "Kowalska Anna", "country_code": "PL", "tax_identification_number": "",
    });
    assert_eq!(seen, expected);
}

#[test]
fn a_subscriber_has_an_address_and_no_person() {
    let site = a_plain_shop();
    site.shop.add_subscriber("jan@example.com", true);
    let expected = json!({
        "subscriber_id": "1", "email": "jan@example.com", "active": "1", "dateadd": "2026-11-23 12:00:00",
        "lang_id": "1", "groups": [1],
    });
    assert_eq!(site.get("subscribers/1").json, expected);
    site.shop.configure(|s| s.subscriber_group_strings = true);
    assert_eq!(site.get("subscribers/1").json["groups"], json!(["1"]));
}

#[test]
fn scalars_come_as_numbers_in_a_shop_that_writes_them_so() {
    let site = a_shop(|s| s.wire_types = WireTypes::Numbers);
    site.shop.add_customer(NewCustomer::new(ANNA).newsletter(true));
    let list = site.get("users").json;
    assert_eq!(
        (&list["count"], &list["list"][0]["user_id"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        (&list["list"][0]["newsletter"], &list["list"][0]["discount"]),
        (&json!(1), &json!(0.0))
    );
}

#[test]
fn a_select_shows_the_text_or_the_option() {
    let site = a_plain_shop();
    site.shop
        .add_additional_field(NewField::new("Rozmiar", FieldKind::Select).options(&["S", "M"]));
    let field = site
        .shop
        .add_additional_field(NewField::new("Kolor", FieldKind::Select).options(&["czerwony", "zielony"]));
    let id = site
        .shop
        .add_customer(NewCustomer::new(ANNA).field(field, "zielony"));
    let value = || site.get(&format!("users/{id}")).json["additional_fields"][0]["value"].clone();
    assert_eq!(value(), "zielony");
    site.shop.configure(|s| s.select_values = SelectValues::OptionId);
    assert_eq!(value(), "4");

    let option = json!({ "trans_id": "4", "option_id": "4", "lang_id": "1", "value": "zielony" });
    assert_eq!(site.get("additional-fields/2").json["options"][1], option);
    site.shop
        .configure(|s| s.select_options = SelectOptions::Translation);
    let field = site.get("additional-fields/2").json;
    assert_eq!(
        (&field["options"], &field["translations"]["pl_PL"]["options"][1]),
        (&json!(null), &option)
    );
}

#[test]
fn small_tables_have_their_members() {
    let site = a_plain_shop();
    site.shop.add_user_group("Hurt");
    site.shop.add_language("en_US");
    site.shop
        .add_additional_field(NewField::new("NIP", FieldKind::Hidden));
    site.shop.add_customer(NewCustomer::new(ANNA).tag("VIP").group(1));
    assert_eq!(
        site.get("user-groups/1").json,
        json!({ "group_id": "1", "name": "Hurt", "discount": "0.00", "price_level": "1", "auto_add": 0 })
    );
    assert_eq!(
        site.get("languages/2").json,
        json!({ "locale": "en_US", "currency_id": "1", "active": "1", "order": "2", "lang_id": "2" })
    );
    assert_eq!(
        site.get("user-tags/1").json,
        json!({ "tag_id": "1", "name": "VIP", "lang_id": "1" })
    );
    assert_eq!(
        site.get("subscriber-groups/1").json,
        json!({ "group_id": "1", "name": "Domyślna", "auto_add": 1 })
    );
    let field = site.get("additional-fields").json["list"][0].clone();
    assert_eq!(
        (&field["type"], &field["locate"], &field["checked"]),
        (&json!("5"), &json!("7"), &json!("0"))
    );
    assert_eq!(field["translations"]["pl_PL"]["name"], "NIP");
    let customer = site.get("users/1").json;
    assert_eq!(
        (&customer["groups"], &customer["group_id"], &customer["tags"]),
        (&json!(["1"]), &json!("1"), &json!(["VIP"]))
    );
}

#[test]
fn an_order_spells_its_address_otherwise_than_the_address_book() {
    let site = a_plain_shop();
    let mut order = NewOrder::new(ANNA);
    order.address.street = "Polna 1".into();
    site.shop.add_order(order);
    let seen = site.get("orders/1").json;
    assert_eq!(
        (&seen["user_id"], &seen["sum"], &seen["is_paid"]),
        (&json!("1"), &json!("100.00"), &json!(true))
    );
    assert_eq!(seen["billing_address"]["street1"], "Polna 1");
    assert_eq!(seen["total_products"], 1);
    let guest = site.get("users/1").json;
    assert_eq!(
        (&guest["registered"], &guest["newsletter"]),
        (&json!("0"), &json!("0"))
    );
}

#[test]
fn the_shop_tells_about_itself() {
    let site = a_plain_shop();
    let config = site.get("application-config").json;
    assert_eq!(config["shop_url"], "https://shop1.example");
    assert_eq!(
        (&config["locale_timezone"], &config["license_id"]),
        (&json!("Europe/Warsaw"), &json!("568425"))
    );
    assert_eq!(config["shop_off"], "", "some flags are empty");
    assert_eq!(
        site.get("application-version").json,
        json!({ "version": "5.26.54" })
    );
    assert_eq!(site.get("application-lock").json, json!({ "locked": false }));
    assert_eq!(site.get("categories-tree").json, json!([]));
}

#[test]
fn summer_and_winter_dates_are_the_shops_own() {
    let site = a_plain_shop();
    site.shop.add_subscriber(ANNA, true);
    let july = 1_782_900_000_000;
    site.clock.advance_to(july);
    let date = |id: i64| site.get(&format!("subscribers/{id}")).json["dateadd"].clone();
    assert_eq!(date(1), "2026-11-23 12:00:00");
    let id = site.shop.add_customer(NewCustomer {
        date_add: Some(july),
        ..NewCustomer::new("x@example.com")
    });
    assert_eq!(
        site.get(&format!("users/{id}")).json["date_add"],
        "2026-07-01 12:00:00"
    );
}

#[test]
fn members_that_the_shop_does_not_say_are_null_left_out_or_something_else_everywhere() {
    let site = a_plain_shop();
    for n in 1..=4 {
        site.shop
            .add_customer(NewCustomer::new(format!("c{n}@example.com")).newsletter(true));
        site.shop.add_subscriber(format!("s{n}@example.com"), true);
    }
    site.shop.configure(|s| {
        s.unsaid = vec![
            Unsaid {
                ids: vec![2],
                ..Unsaid::of_customers("newsletter", None)
            },
            Unsaid {
                ids: vec![3],
                ..Unsaid::of_customers("newsletter", Some(json!("tak")))
            },
            Unsaid::of_subscribers("active", Some(json!(null))),
        ];
    });
    let list = site.get("users").json["list"].clone();
    let said: Vec<_> = (0..4).map(|at| list[at].get("newsletter").cloned()).collect();
    assert_eq!(
        said,
        [Some(json!("1")), None, Some(json!("tak")), Some(json!("1"))]
    );
    assert_eq!(site.get("users/3").json["newsletter"], "tak");
    assert_eq!(list[1]["email"], "c2@example.com", "the rest is as ever");
    for row in site.get("subscribers").json["list"].as_array().unwrap() {
        assert_eq!(row["active"], json!(null));
    }

    site.shop.configure(|s| {
        s.unsaid = vec![Unsaid {
            share: 0.5,
            ..Unsaid::of_customers("newsletter", None)
        }];
    });
    let list = site.get("users").json["list"].clone();
    let silent = (0..4).filter(|at| list[*at].get("newsletter").is_none()).count();
    assert!((1..4).contains(&silent), "{silent} of 4");
    // The settings come and go as JSON too.
    let settings = serde_json::to_value(site.shop.settings()).unwrap();
    assert_eq!(settings["unsaid"][0]["member"], "newsletter");
}
