//! What the shop says of a person in other ways than most shops do, and whom the merchant leaves out.

use shoper_sare::lab::Lab;
use simulators::shoper::{FieldKind, NewField, SelectOptions, SelectValues};
use store::{Outcome, RunKind};

use crate::words::*;

/// [`CONFIG`] with one more row for customers and one for subscribers.
fn mapped(customers: &str, subscribers: &str) -> String {
    CONFIG
        .replace(
            "prop1 = \"address.city\"",
            &format!("prop1 = \"address.city\"\n{customers}"),
        )
        .replace(
            "prop2 = \"language\"",
            &format!("prop2 = \"language\"\n{subscribers}"),
        )
}

fn prop(lab: &Lab, email: &str, name: &str) -> Option<String> {
    lab.shops[0].sare.contact(email)?.prop.get(name).cloned()
}

#[tokio::test]
async fn tags_reach_sare_by_their_names_whether_the_shop_gives_names_or_ids() {
    for as_ids in [false, true] {
        each_database(async |mut lab| {
            let mut setup = ShopSetup::default();
            setup.shop.tags_as_ids = as_ids;
            live_shop_with(&mut lab, setup, &mapped("prop5 = \"tags\"", ""), |s| {
                s.shop
                    .add_customer(customer("a@example.com", true).tag("VIP").tag("2024"));
            })
            .await;
            assert_eq!(prop(&lab, "a@example.com", "prop5").as_deref(), Some("VIP, 2024"));
        })
        .await;
    }
}

#[tokio::test]
async fn options_of_selects_are_found_in_whichever_list_the_shop_keeps_them() {
    for place in [
        SelectOptions::Field,
        SelectOptions::Translation,
        SelectOptions::ListOfFields,
        SelectOptions::ListOfField,
    ] {
        each_database(async |mut lab| {
            let mut setup = ShopSetup::default();
            setup.shop.select_options = place;
            setup.shop.select_values = SelectValues::OptionId;
            live_shop_with(
                &mut lab,
                setup,
                &mapped("prop5 = \"additional_field.1\"", ""),
                |s| {
                    let field = NewField::new("Rozmiar", FieldKind::Select).options(&["Mały", "Duży"]);
                    let id = s.shop.add_additional_field(field);
                    s.shop
                        .add_customer(customer("a@example.com", true).field(id, "Duży"));
                },
            )
            .await;
            assert_eq!(
                prop(&lab, "a@example.com", "prop5").as_deref(),
                Some("Duży"),
                "{place:?}"
            );
        })
        .await;
    }
}

#[tokio::test]
async fn the_address_of_a_sign_up_is_mapped_and_stays_whoever_else_has_the_address() {
    each_database(async |mut lab| {
        live_shop(&mut lab, &mapped("", "prop6 = \"ipaddress\""), |s| {
            for (email, ip) in [
                ("row@example.com", "192.0.2.7"),
                ("both@example.com", " 2001:DB8::7 "),
                ("odd@example.com", "unknown"),
            ] {
                let id = s.shop.add_subscriber(email, true);
                s.shop.edit_subscriber(id, |row| row.ipaddress = Some(ip.into()));
            }
            s.shop.add_customer(customer("both@example.com", true));
        })
        .await;
        let told = |lab: &Lab| {
            ["row@example.com", "both@example.com", "odd@example.com"].map(|email| prop(lab, email, "prop6"))
        };
        let expected = [Some("192.0.2.7".to_owned()), Some("2001:db8::7".to_owned()), None];
        assert_eq!(told(&lab), expected);
        run(&lab, 0, RunKind::Forced).await;
        let shop = &lab.shops[0].shop;
        let id = shop.customer_by_email("both@example.com").unwrap().id;
        shop.edit_customer(id, |c| c.firstname = "Ewa".into());
        a_moment(&lab).await;
        assert_eq!(told(&lab), expected);
    })
    .await;
}

#[tokio::test]
async fn guests_are_what_the_merchant_makes_of_them() {
    for (rule, expected) in [
        ("as-others", [Some(8), Some(8), Some(8)]),
        ("unconfirmed", [Some(8), Some(6), Some(8)]),
        ("skip", [Some(8), None, Some(8)]),
    ] {
        each_database_over_days(async |mut lab| {
            let word = format!("group = 21\nwithout_account = \"{rule}\"");
            live_shop(&mut lab, &CONFIG.replace("group = 21", &word), |s| {
                s.shop.add_customer(customer("account@example.com", true));
                for email in ["guest@example.com", "listed@example.com"] {
                    let mut guest = customer(email, true);
                    guest.registered = false;
                    s.shop.add_customer(guest);
                }
                s.shop.add_subscriber("listed@example.com", true);
            })
            .await;
            let emails = ["account@example.com", "guest@example.com", "listed@example.com"];
            let shop = &lab.shops[0];
            assert_eq!(emails.map(|email| shop.status(email)), expected, "{rule}");
            let skipped = i64::from(rule == "skip");
            assert_eq!(count_of(&lab, 0, Outcome::Skipped).await, skipped, "{rule}");
            a_day(&lab).await;
            assert_eq!(emails.map(|email| lab.shops[0].status(email)), expected, "{rule}");
        })
        .await;
    }
}

#[tokio::test]
async fn a_guests_withdrawal_and_refusal_pass_whatever_the_rule() {
    for rule in ["unconfirmed", "skip"] {
        each_database_over_days(async |mut lab| {
            let setup = |email: &'static str| {
                let mut guest = customer(email, true);
                guest.registered = false;
                guest
            };
            live_shop(&mut lab, CONFIG, |s| {
                s.shop.add_customer(setup("withdraws@example.com"));
                s.shop.add_customer(setup("refuses@example.com"));
                s.shop.add_customer(setup("stays@example.com"));
            })
            .await;
            let word = format!("group = 21\nwithout_account = \"{rule}\"");
            lab.configure(0, &CONFIG.replace("group = 21", &word))
                .await
                .unwrap();
            lab.settle().await;
            let shop = &lab.shops[0];
            assert_eq!(
                shop.status("stays@example.com"),
                Some(8),
                "a rule takes nobody out"
            );
            let id = shop.shop.customer_by_email("withdraws@example.com").unwrap().id;
            shop.shop.edit_customer(id, |c| c.newsletter = false);
            shop.sare.recipient_clicks_unsubscribe("refuses@example.com");
            a_day(&lab).await;
            assert_eq!(
                lab.shops[0].status("withdraws@example.com"),
                Some(REMOVAL_REQUESTED)
            );
            assert_eq!(
                lab.shops[0].status("refuses@example.com"),
                Some(REMOVAL_REQUESTED)
            );
            assert_eq!(lab.shops[0].status("stays@example.com"), Some(8));
            assert_eq!(lab.shops[0].groups("stays@example.com"), [21], "left alone");
        })
        .await;
    }
}

#[tokio::test]
async fn addresses_of_relays_are_left_out_and_those_in_sare_are_left_alone() {
    each_database(async |mut lab| {
        let config = format!("{CONFIG}\n[leave_out]\ndomains = [\"allegromail.*\", \"mail.erli.pl\"]\n");
        live_shop(&mut lab, &config, |s| {
            s.sare.put_contact("old@allegromail.pl", CONFIRMED, &[90]);
            for email in [
                "new@allegromail.pl",
                "old@allegromail.pl",
                "x@mail.erli.pl",
                "a@example.com",
            ] {
                s.shop.add_customer(customer(email, true));
            }
            s.shop.add_subscriber("old@allegromail.pl", true);
        })
        .await;
        let status = |lab: &Lab, email: &str| lab.shops[0].status(email);
        assert_eq!(status(&lab, "new@allegromail.pl"), None);
        assert_eq!(status(&lab, "x@mail.erli.pl"), None);
        assert_eq!(status(&lab, "a@example.com"), Some(CONFIRMED));
        assert_eq!(status(&lab, "old@allegromail.pl"), Some(CONFIRMED));
        assert_eq!(lab.shops[0].groups("old@allegromail.pl"), [90], "left alone");
        assert_eq!(count_of(&lab, 0, Outcome::Skipped).await, 3);
        let shop = &lab.shops[0].shop;
        let row = shop.subscriber_by_email("old@allegromail.pl").unwrap().id;
        shop.set_subscriber_active(row, false);
        let id = shop.customer_by_email("old@allegromail.pl").unwrap().id;
        shop.edit_customer(id, |c| c.newsletter = false);
        a_moment(&lab).await;
        assert_eq!(status(&lab, "old@allegromail.pl"), Some(REMOVAL_REQUESTED));
    })
    .await;
}
