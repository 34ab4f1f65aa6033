//! Lists that can only be read by numbered pages, while their rows come and go.

use std::time::Duration;

use engine::Body;
use shoper_api::Cursor;
use shoper_sare::lab::Lab;
use simulators::shoper::{Bucket, FilterMode, ListNumbers, PastEndPage};
use store::{RunKind, RunState};

use crate::words::*;

/// A shop that takes no filter by id, at a pace at which its list of `many` customers is read in several slices.
async fn slow_shop(lab: &mut Lab, many: i64, change: impl FnOnce(&mut ShopSetup)) {
    let mut setup = ShopSetup::default();
    setup.shop.user_id_filter = FilterMode::Ignored;
    setup.shop.bucket = Some(Bucket {
        limit: 4.0,
        bandwidth: 0.2,
    });
    change(&mut setup);
    let index = lab.add_shop(setup);
    for n in 1..=many {
        lab.shops[index]
            .shop
            .add_customer(customer(&format!("c{n}@example.com"), true));
    }
    lab.install(index).await.expect("installed");
    let config = CONFIG.replace("gsm = \"address.phone\"\nprop1 = \"address.city\"\n", "");
    lab.configure(index, &config).await.expect("configured");
}

/// Lets time pass until the run is about to read this page.
async fn until_page(lab: &Lab, wanted: u32) {
    for _ in 0..3_600 {
        lab.pass(Duration::from_secs(1)).await;
        let shop = lab.shops[0].known(&lab.store).await.expect("known");
        let run = lab.store.active_run(shop.id).await.expect("the ledger");
        let body = run.map(|run| Body::parse(&run.body)).unwrap_or_default();
        if matches!(body.cursor, Some(Cursor::Page { page, .. }) if page >= wanted) {
            return;
        }
    }
    panic!("page {wanted} was never reached");
}

#[tokio::test]
async fn rows_deleted_while_a_list_is_read_by_numbers_lose_nobody_else() {
    for gone in [5, 60] {
        each_database(async |mut lab| {
            slow_shop(&mut lab, 400, |_| {}).await;
            until_page(&lab, 4).await;
            for id in 1..=gone {
                assert!(lab.shops[0].shop.delete_customer(id));
            }
            lab.settle().await;
            let run = newest_run(&lab, 0).await;
            assert_eq!((run.kind, run.state), (RunKind::First, RunState::Done));
            for n in gone + 1..=400 {
                let email = format!("c{n}@example.com");
                assert_eq!(
                    lab.shops[0].status(&email),
                    Some(CONFIRMED),
                    "{email}, {gone} gone"
                );
            }
            assert!(problem_kinds(&lab, 0).await.is_empty());
        })
        .await;
    }
}

#[tokio::test]
async fn numbers_that_cannot_be_read_lead_to_the_end_and_not_round_and_round() {
    for numbers in [ListNumbers::Unreadable, ListNumbers::Absent, ListNumbers::OnePage] {
        for past_end in [PastEndPage::LastPage, PastEndPage::Empty, PastEndPage::Error404] {
            for mode in [FilterMode::Ignored, FilterMode::Works] {
                each_database_over_days(async |mut lab| {
                    let mut setup = ShopSetup::default();
                    setup.shop.user_id_filter = mode;
                    setup.shop.list_numbers = numbers;
                    setup.shop.past_end_page = past_end;
                    live_shop_with(&mut lab, setup, CONFIG, |s| {
                        for n in 1..=120 {
                            s.shop.add_customer(customer(&format!("c{n}@example.com"), true));
                        }
                    })
                    .await;
                    let what = format!("{numbers:?} {past_end:?} {mode:?}");
                    assert_eq!(lab.shops[0].sare.mailable().len(), 120, "{what}");
                    let asked = lab.shops[0].shop.requests_by("users");
                    assert!(asked < 40, "{what}: {asked} requests");
                    assert!(problem_kinds(&lab, 0).await.is_empty(), "{what}");
                })
                .await;
            }
        }
    }
}

#[tokio::test]
async fn a_list_that_gives_out_fewer_rows_than_it_counts_is_read_once_more_and_told() {
    each_database(async |mut lab| {
        // Past its first page the shop gives the first page again, and says that it is the one asked for.
        let mut setup = ShopSetup::default();
        setup.shop.user_id_filter = FilterMode::Ignored;
        setup.shop.stuck_at_page = Some(1);
        live_shop_with(&mut lab, setup, CONFIG, |s| {
            for n in 1..=120 {
                s.shop.add_customer(customer(&format!("c{n}@example.com"), true));
            }
        })
        .await;
        assert_eq!(lab.shops[0].sare.mailable().len(), 50);
        assert_eq!(problem_kinds(&lab, 0).await, ["list-short"]);
        let asked = lab.shops[0].shop.requests_by("users");
        assert!(asked < 30, "{asked} requests");
        lab.shops[0]
            .shop
            .configure(|settings| settings.stuck_at_page = None);
        let sweep = run(&lab, 0, RunKind::Sweep).await;
        assert_eq!(sweep.state, RunState::Done);
        assert_eq!(lab.shops[0].sare.mailable().len(), 120);
        assert!(problem_kinds(&lab, 0).await.is_empty());
    })
    .await;
}
