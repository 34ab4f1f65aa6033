//! The consent table, row by row, and refusals on both sides.

use simulators::faults::{Fault, FaultRule};
use store::{Outcome, RunKind, RunState};

use crate::words::*;

#[tokio::test]
async fn an_address_already_in_sare_keeps_its_status_and_gets_fields_and_group() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.sare.put_contact("six@example.com", 6, &[90]);
            s.sare.put_contact("five@example.com", 5, &[]);
            s.sare.put_contact("eight@example.com", 8, &[]);
            s.shop.add_customer(customer("six@example.com", true));
            s.shop.add_customer(customer("five@example.com", true));
            s.shop.add_customer(customer("eight@example.com", false));
        })
        .await;
        let shop = &lab.shops[0];
        assert_eq!(shop.status("six@example.com"), Some(6));
        assert_eq!(shop.status("five@example.com"), Some(5));
        assert_eq!(shop.status("eight@example.com"), Some(8));
        assert_eq!(
            shop.groups("six@example.com"),
            [21, 90],
            "groups that are not ours stay"
        );
        assert_eq!(shop.sare.contact("five@example.com").unwrap().name, "Anna Żółć");
    })
    .await;
}

#[tokio::test]
async fn a_refusal_found_at_the_first_synchronisation_is_written_to_neither_side_and_listed() {
    each_database_over_days(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            for (n, status) in [2, 3, 4].into_iter().enumerate() {
                let email = format!("refused{n}@example.com");
                s.sare.put_contact(&email, status, &[90]);
                s.shop.add_subscriber(email, true);
            }
        })
        .await;
        a_day(&lab).await;
        let shop = &lab.shops[0];
        for (n, status) in [2, 3, 4].into_iter().enumerate() {
            let email = format!("refused{n}@example.com");
            assert_eq!(shop.status(&email), Some(status));
            assert_eq!(shop.groups(&email), [90]);
            assert!(
                shop.shop.subscriber_by_email(&email).unwrap().active,
                "the shop is left as it is"
            );
        }
        assert_eq!(count_of(&lab, 0, Outcome::Suppressed).await, 3);
    })
    .await;
}

#[tokio::test]
async fn blocked_and_unknown_contacts_are_never_touched() {
    each_database_over_days(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.sare.put_contact("blocked@example.com", BLOCKED, &[]);
            s.sare.put_contact("odd@example.com", 9, &[]);
            s.shop.add_customer(customer("blocked@example.com", true));
            s.shop.add_customer(customer("odd@example.com", true));
        })
        .await;
        for email in ["blocked@example.com", "odd@example.com"] {
            let id = lab.shops[0].shop.customer_by_email(email).unwrap().id;
            lab.shops[0].shop.edit_customer(id, |c| c.newsletter = false);
        }
        a_day(&lab).await;
        let shop = &lab.shops[0];
        assert_eq!(shop.status("blocked@example.com"), Some(BLOCKED));
        assert_eq!(shop.status("odd@example.com"), Some(9));
        assert!(shop.groups("odd@example.com").is_empty());
        assert_eq!(count_of(&lab, 0, Outcome::HandsOff).await, 2);
    })
    .await;
}

#[tokio::test]
async fn a_withdrawal_in_the_shop_lowers_the_status_in_sare() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_subscriber("row@example.com", true);
            s.shop.add_customer(customer("flag@example.com", true));
        })
        .await;
        let shop = &lab.shops[0];
        let row = shop.shop.subscriber_by_email("row@example.com").unwrap().id;
        shop.shop.set_subscriber_active(row, false);
        let flag = shop.shop.customer_by_email("flag@example.com").unwrap().id;
        shop.shop.edit_customer(flag, |c| c.newsletter = false);
        a_moment(&lab).await;
        assert_eq!(lab.shops[0].status("row@example.com"), Some(REMOVAL_REQUESTED));
        assert_eq!(lab.shops[0].status("flag@example.com"), Some(REMOVAL_REQUESTED));
        assert_eq!(
            lab.shops[0].groups("row@example.com"),
            [22],
            "the group stays unless the merchant says otherwise"
        );
    })
    .await;
}

#[tokio::test]
async fn a_withdrawal_takes_the_contact_out_of_our_groups_where_the_merchant_says_so() {
    each_database(async |mut lab| {
        let config = format!("{CONFIG}\n[unsubscribe]\nto_sare = \"removed\"\nleave_group = true\n");
        live_shop(&mut lab, &config, |s| {
            s.sare.put_contact("row@example.com", 8, &[90]);
            s.shop.add_subscriber("row@example.com", true);
        })
        .await;
        assert_eq!(lab.shops[0].groups("row@example.com"), [22, 90]);
        let row = lab.shops[0]
            .shop
            .subscriber_by_email("row@example.com")
            .unwrap()
            .id;
        lab.shops[0].shop.set_subscriber_active(row, false);
        a_moment(&lab).await;
        assert_eq!(lab.shops[0].status("row@example.com"), Some(3));
        assert_eq!(lab.shops[0].groups("row@example.com"), [90]);
    })
    .await;
}

#[tokio::test]
async fn mc_magento_1185_and_klaviyo_139_a_refusal_in_sare_reaches_the_shop_without_any_webhook() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_subscriber("row@example.com", true);
            s.shop.add_customer(customer("flag@example.com", true));
        })
        .await;
        let shop = &lab.shops[0];
        assert!(shop.sare.recipient_clicks_unsubscribe("row@example.com"));
        assert!(shop.sare.operator_signs_out("flag@example.com"));
        lab.minutes(20).await;
        let shop = &lab.shops[0];
        assert!(!shop.shop.subscriber_by_email("row@example.com").unwrap().active);
        // The flag of a customer cannot be written: the suppression is ours, and shown.
        assert!(
            shop.shop
                .customer_by_email("flag@example.com")
                .unwrap()
                .newsletter
        );
        assert!(
            shop.shop.subscriber_by_email("flag@example.com").is_none(),
            "none is made"
        );
        assert_eq!(count_of(&lab, 0, Outcome::Suppressed).await, 2);
        a_day(&lab).await;
        assert_eq!(lab.shops[0].status("flag@example.com"), Some(SIGNED_OUT));
        assert_eq!(lab.shops[0].status("row@example.com"), Some(REMOVAL_REQUESTED));
    })
    .await;
}

#[tokio::test]
async fn mc_magento2_147_and_417_what_the_staff_do_is_noticed_even_when_its_webhook_was_lost() {
    each_database_over_days(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_subscriber("off@example.com", true);
            s.shop.add_subscriber("gone@example.com", true);
        })
        .await;
        let shop = &lab.shops[0];
        shop.shop.set_webhook_faults(simulators::shoper::WebhookFaults {
            drop: 1.0,
            ..Default::default()
        });
        shop.shop.set_subscriber_active(
            shop.shop.subscriber_by_email("off@example.com").unwrap().id,
            false,
        );
        shop.shop
            .delete_subscriber(shop.shop.subscriber_by_email("gone@example.com").unwrap().id);
        a_day(&lab).await;
        assert_eq!(lab.shops[0].status("off@example.com"), Some(REMOVAL_REQUESTED));
        assert!(lab.shops[0].groups("gone@example.com").is_empty());
    })
    .await;
}

#[tokio::test]
async fn mc_magento2_422_saving_a_customer_in_the_admin_changes_nobodys_status() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_customer(customer("never@example.com", false));
            s.shop.add_customer(customer("left@example.com", true));
        })
        .await;
        assert!(lab.shops[0].sare.recipient_clicks_unsubscribe("left@example.com"));
        lab.minutes(20).await;
        for email in ["never@example.com", "left@example.com"] {
            let id = lab.shops[0].shop.customer_by_email(email).unwrap().id;
            lab.shops[0]
                .shop
                .edit_customer(id, |c| c.firstname = "Ewa".into());
        }
        a_moment(&lab).await;
        assert_eq!(lab.shops[0].status("never@example.com"), Some(UNCONFIRMED));
        assert_eq!(
            lab.shops[0].sare.contact("never@example.com").unwrap().name,
            "Ewa Żółć"
        );
        assert_eq!(lab.shops[0].status("left@example.com"), Some(REMOVAL_REQUESTED));
    })
    .await;
}

#[tokio::test]
async fn a_new_opt_in_after_a_refusal_is_asked_again_by_confirmation_mail() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_subscriber("again@example.com", true);
        })
        .await;
        assert!(
            lab.shops[0]
                .sare
                .recipient_clicks_unsubscribe("again@example.com")
        );
        lab.minutes(20).await;
        let id = lab.shops[0]
            .shop
            .subscriber_by_email("again@example.com")
            .unwrap()
            .id;
        assert!(lab.shops[0].shop.set_subscriber_active(id, true));
        lab.minutes(5).await;
        assert_eq!(lab.shops[0].status("again@example.com"), Some(UNCONFIRMED));
        assert_eq!(lab.shops[0].sare.confirmations_sent(), 1, "asked once");
        assert!(lab.shops[0].sare.recipient_confirms("again@example.com"));
        a_day(&lab).await;
        assert_eq!(lab.shops[0].status("again@example.com"), Some(CONFIRMED));
        assert_eq!(lab.shops[0].sare.confirmations_sent(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_new_opt_in_after_a_refusal_is_reactivated_or_left_as_the_merchant_chose() {
    each_database(async |mut lab| {
        for (choice, expected) in [("reactivate", CONFIRMED), ("leave", REMOVAL_REQUESTED)] {
            let config = format!("{CONFIG}\n[unsubscribe]\non_new_opt_in = \"{choice}\"\n");
            let index = lab.add_shop(ShopSetup::default());
            lab.shops[index].shop.add_subscriber("again@example.com", true);
            lab.install(index).await.unwrap();
            lab.configure(index, &config).await.unwrap();
            lab.settle().await;
            assert!(
                lab.shops[index]
                    .sare
                    .recipient_clicks_unsubscribe("again@example.com")
            );
            lab.minutes(20).await;
            let id = lab.shops[index]
                .shop
                .subscriber_by_email("again@example.com")
                .unwrap()
                .id;
            lab.shops[index].shop.set_subscriber_active(id, true);
            lab.minutes(5).await;
            assert_eq!(
                lab.shops[index].status("again@example.com"),
                Some(expected),
                "{choice}"
            );
            assert_eq!(lab.shops[index].sare.confirmations_sent(), 0, "{choice}");
        }
    })
    .await;
}

#[tokio::test]
async fn mc_magento2_189_a_changed_address_moves_the_contact_and_a_refusal_moves_with_it() {
    each_database_over_days(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_customer(customer("old@example.com", true));
            s.shop.add_customer(customer("refused@example.com", true));
            s.shop.add_customer(customer("shared@example.com", true));
            s.shop.add_subscriber("shared@example.com", true);
        })
        .await;
        assert!(
            lab.shops[0]
                .sare
                .recipient_clicks_unsubscribe("refused@example.com")
        );
        lab.minutes(20).await;
        for (from, to) in [
            ("old@example.com", "new@example.com"),
            ("refused@example.com", "fresh@example.com"),
            ("shared@example.com", "moved@example.com"),
        ] {
            let id = lab.shops[0].shop.customer_by_email(from).unwrap().id;
            lab.shops[0].shop.edit_customer(id, |c| c.email = to.into());
        }
        lab.minutes(5).await;
        let shop = &lab.shops[0];
        assert_eq!(shop.status("new@example.com"), Some(CONFIRMED));
        assert_eq!(shop.groups("new@example.com"), [21]);
        assert!(
            shop.groups("old@example.com").is_empty(),
            "the old address leaves our groups"
        );
        assert_ne!(
            shop.status("fresh@example.com"),
            Some(CONFIRMED),
            "the refusal followed"
        );
        assert_eq!(shop.status("refused@example.com"), Some(REMOVAL_REQUESTED));
        assert_eq!(
            shop.groups("shared@example.com"),
            [22],
            "another record still uses it"
        );
        assert_eq!(shop.groups("moved@example.com"), [21]);
        a_day(&lab).await;
        assert_ne!(lab.shops[0].status("fresh@example.com"), Some(CONFIRMED));
    })
    .await;
}

#[tokio::test]
async fn an_address_is_not_mailed_on_the_word_of_a_customer_who_left_it() {
    each_database_over_days(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_customer(customer("shared@example.com", true));
            s.shop.add_customer(customer("taken@example.com", true));
            s.shop.add_customer(customer("silent@example.com", false));
        })
        .await;
        // Met together with the customer, the inactive row would have kept the consent in doubt.
        lab.shops[0].shop.add_subscriber("shared@example.com", false);
        a_moment(&lab).await;
        assert_eq!(lab.shops[0].status("shared@example.com"), Some(CONFIRMED));
        for (from, to) in [
            ("shared@example.com", "moved@example.com"),
            ("taken@example.com", "left@example.com"),
            ("silent@example.com", "taken@example.com"),
        ] {
            let id = lab.shops[0].shop.customer_by_email(from).unwrap().id;
            lab.shops[0].shop.edit_customer(id, |c| c.email = to.into());
        }
        lab.minutes(5).await;
        let shop = &lab.shops[0];
        for address in ["shared@example.com", "taken@example.com"] {
            assert_eq!(shop.status(address), Some(REMOVAL_REQUESTED), "{address}");
        }
        for address in ["moved@example.com", "left@example.com"] {
            assert_eq!(
                shop.status(address),
                Some(CONFIRMED),
                "{address}: their own consent"
            );
        }
        a_day(&lab).await;
        assert_eq!(lab.shops[0].status("shared@example.com"), Some(REMOVAL_REQUESTED));
        assert_eq!(lab.shops[0].status("moved@example.com"), Some(CONFIRMED));
    })
    .await;
}

#[tokio::test]
async fn a_404_that_is_not_shopers_deletes_nobody() {
    for body in [
        r#"{"error":"Not Found"}"#,
        r#"{"timestamp":"2026-03-02","status":404,"error":"Not Found","path":"/webapi/rest/users/1"}"#,
        r#"{"error":"","error_description":""}"#,
        "",
    ] {
        each_database(async |mut lab| {
            live_shop(&mut lab, CONFIG, |s| {
                s.shop.add_customer(customer("anna@example.com", true));
            })
            .await;
            let shop = lab.shops[0].shop.clone();
            let id = shop.customer_by_email("anna@example.com").unwrap().id;
            let answer = Fault::Answer(404, body.to_owned());
            shop.faults().add(FaultRule::always(answer).path("/users/"));
            shop.edit_customer(id, |c| c.firstname = "Ewa".into());
            a_moment(&lab).await;
            assert_eq!(lab.shops[0].groups("anna@example.com"), [21], "{body}");
            shop.faults().clear();
            lab.minutes(90).await;
            assert!(
                lab.shops[0]
                    .sare
                    .contact("anna@example.com")
                    .unwrap()
                    .name
                    .starts_with("Ewa")
            );
        })
        .await;
    }
}

#[tokio::test]
async fn a_deleted_contact_is_kept_taken_out_or_deleted_as_the_merchant_chose() {
    each_database(async |mut lab| {
        for (action, status, groups) in [
            ("keep", Some(8), vec![21]),
            ("leave-group", Some(8), vec![]),
            ("delete", None, vec![]),
        ] {
            let config = format!("{CONFIG}\n[deleted]\naction = \"{action}\"\n");
            let index = lab.add_shop(ShopSetup::default());
            lab.shops[index]
                .shop
                .add_customer(customer("gone@example.com", true));
            lab.install(index).await.unwrap();
            lab.configure(index, &config).await.unwrap();
            lab.settle().await;
            let id = lab.shops[index]
                .shop
                .customer_by_email("gone@example.com")
                .unwrap()
                .id;
            assert!(lab.shops[index].shop.delete_customer(id));
            lab.minutes(3).await;
            assert_eq!(lab.shops[index].status("gone@example.com"), status, "{action}");
            assert_eq!(lab.shops[index].groups("gone@example.com"), groups, "{action}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_brake_stops_a_sweep_that_would_take_too_many_out_and_asks() {
    each_database_over_days(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            for n in 0..100 {
                s.shop.add_subscriber(format!("s{n}@example.com"), true);
            }
        })
        .await;
        let shop = &lab.shops[0];
        shop.shop.set_webhook_faults(simulators::shoper::WebhookFaults {
            drop: 1.0,
            ..Default::default()
        });
        for row in shop.shop.subscribers().take(60).collect::<Vec<_>>() {
            shop.shop.set_subscriber_active(row.id, false);
        }
        a_day(&lab).await;
        assert_eq!(
            lab.shops[0].sare.mailable().len(),
            100,
            "nothing happens before a person looked"
        );
        assert!(problem_kinds(&lab, 0).await.iter().any(|kind| kind == "brake"));
        let known = lab.shops[0].known(&lab.store).await.unwrap();
        assert!(lab.engine.release_brake(known.id).await.unwrap());
        lab.settle().await;
        assert_eq!(lab.shops[0].sare.mailable().len(), 40);
        assert!(!problem_kinds(&lab, 0).await.iter().any(|kind| kind == "brake"));
    })
    .await;
}

#[tokio::test]
async fn the_brake_stops_a_poll_that_finds_a_whole_shop_refused() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            for n in 0..100 {
                s.shop.add_subscriber(format!("s{n}@example.com"), true);
            }
        })
        .await;
        for n in 0..50 {
            lab.shops[0].sare.operator_signs_out(&format!("s{n}@example.com"));
        }
        lab.minutes(30).await;
        let active = lab.shops[0].shop.subscribers().filter(|row| row.active).count();
        assert_eq!(active, 100, "the shop is left alone before a person looked");
        assert!(problem_kinds(&lab, 0).await.iter().any(|kind| kind == "brake"));
        let known = lab.shops[0].known(&lab.store).await.unwrap();
        assert!(lab.engine.release_brake(known.id).await.unwrap());
        lab.minutes(10).await;
        let active = lab.shops[0].shop.subscribers().filter(|row| row.active).count();
        assert_eq!(active, 50);
    })
    .await;
}

#[tokio::test]
async fn a_status_that_sare_does_not_take_is_tried_in_other_ways_and_told() {
    each_database(async |mut lab| {
        let mut setup = ShopSetup::default();
        setup.sare.updatable_statuses = vec![5, 6, 8, 3];
        live_shop_with(&mut lab, setup, CONFIG, |s| {
            s.shop.add_subscriber("row@example.com", true);
        })
        .await;
        let id = lab.shops[0]
            .shop
            .subscriber_by_email("row@example.com")
            .unwrap()
            .id;
        lab.shops[0].shop.set_subscriber_active(id, false);
        lab.minutes(30).await;
        assert_eq!(
            lab.shops[0].status("row@example.com"),
            Some(3),
            "4 is not taken here, 3 is"
        );
    })
    .await;
}

#[tokio::test]
async fn a_sare_account_in_which_data_updates_change_statuses_is_stopped_before_it_harms_many() {
    each_database(async |mut lab| {
        let mut setup = ShopSetup::default();
        setup.sare.data_update_changes_status = true;
        let index = lab.add_shop(setup);
        for n in 0..400 {
            let email = format!("c{n}@example.com");
            lab.shops[index].sare.put_contact(&email, 6, &[]);
            lab.shops[index].shop.add_customer(customer(&email, true));
        }
        lab.install(index).await.unwrap();
        lab.configure(index, CONFIG).await.unwrap();
        lab.minutes(60).await;
        assert!(
            lab.shops[0].sare.mailable().len() <= 10,
            "{} were raised",
            lab.shops[0].sare.mailable().len()
        );
        assert!(
            problem_kinds(&lab, 0)
                .await
                .iter()
                .any(|kind| kind == "sare-changes-statuses")
        );
    })
    .await;
}

#[tokio::test]
async fn a_run_never_raises_a_status_whatever_the_shop_says() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            for n in 0..40 {
                let email = format!("c{n}@example.com");
                s.sare.put_contact(&email, 2 + n % 7, &[]);
                s.shop.add_customer(customer(&email, true));
            }
        })
        .await;
        let before: Vec<_> = lab.shops[0]
            .sare
            .contacts()
            .into_iter()
            .map(|c| (c.email, c.status))
            .collect();
        for kind in [RunKind::Sweep, RunKind::Backfill, RunKind::Forced] {
            assert_eq!(run(&lab, 0, kind).await.state, RunState::Done);
        }
        let after: Vec<_> = lab.shops[0]
            .sare
            .contacts()
            .into_iter()
            .map(|c| (c.email, c.status))
            .collect();
        assert_eq!(before, after);
    })
    .await;
}
