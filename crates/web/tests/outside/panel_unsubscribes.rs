//! The panel's unsubscribes: both lists, how conflicts ended, and the file.

use store::{Commit, Contact, Outcome};

use crate::ledger::{Visitor, between, refused, seen};
use crate::world::*;

const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;

async fn tell(v: &Visitor<'_>, contact: &Contact, kind: &str, status: i64, at: i64) {
    let commit = Commit {
        contacts: vec![contact.clone()],
        history: vec![v.line(contact, kind, status, at)],
        ..Commit::default()
    };
    v.commit(commit, at).await;
}

/// Anna withdrew in the shop, Ben refused in SARE and opted in anew, Celina waits.
pub async fn three(v: &Visitor<'_>) -> [Contact; 3] {
    let with = |address: &str| Contact {
        sare: seen(8),
        ..v.contact(address, Outcome::Synchronised)
    };
    let people = [
        with("anna@example.com"),
        with("ben@example.com"),
        with("celina@example.com"),
    ];
    let [anna, ben, celina] = &people;
    tell(v, anna, "withdrawn-in-shop", 8, NOON - 60 * MINUTE).await;
    tell(v, anna, "unsubscribed-in-sare", 4, NOON - 57 * MINUTE).await;
    tell(v, ben, "refused-in-sare", 4, NOON - 50 * MINUTE).await;
    tell(v, ben, "switched-off-in-shop", 4, NOON - 49 * MINUTE).await;
    let refused = Contact {
        refusal: refused(4),
        ..ben.clone()
    };
    tell(v, &refused, "opted-in-in-shop", 4, NOON - 40 * MINUTE).await;
    tell(v, ben, "asked-again", 6, NOON - 39 * MINUTE).await;
    tell(v, celina, "withdrawn-in-shop", 8, NOON).await;
    people
}

#[tokio::test]
async fn both_directions_say_who_when_why_and_when_the_other_side_knew() {
    each(async |world| {
        let v = Visitor::come(&world).await;
        assert_eq!(
            v.page("unsubscribes")
                .await
                .matches("W tym okresie nie było wypisów.")
                .count(),
            2
        );
        let [anna, ..] = three(&v).await;
        let page = v.page("unsubscribes").await;
        let to_sare = between(&page, "<section id=\"sare\">", "</section>");
        assert!(to_sare.contains("Ze sklepu do SARE (2)"));
        assert!(to_sare.find("celina@example.com").unwrap() < to_sare.find("anna@example.com").unwrap());
        let row = between(
            to_sare,
            &format!(
                "contacts/{}\"><span class=\"address\">anna@example.com",
                anna.hash.to_hex()
            ),
            "</tr>",
        );
        assert!(
            row.contains("Zgodę wycofano w sklepie") && row.contains("po powiadomieniu ze sklepu"),
            "{row}"
        );
        assert!(row.contains("po czasie: 3 minuty") && row.contains("wypis obowiązuje"));
        assert!(between(to_sare, "celina@example.com", "</tr>").contains("jeszcze nie: czeka w kolejce"));
        let to_shop = between(&page, "<section id=\"shop\">", "</section>");
        let row = between(to_shop, "ben@example.com", "</tr>");
        assert!(
            row.contains("Prośba o usunięcie w SARE") && row.contains("po czasie: 1 minuta"),
            "{row}"
        );
        assert!(row.contains("Nowa zgoda w sklepie: wysłano prośbę o potwierdzenie"));
        assert!(to_sare.contains("23.11.2026, 11:00"), "Poland's time");
    })
    .await;
}

#[tokio::test]
async fn days_narrow_the_lists_and_pages_go_back_in_time() {
    each(async |world| {
        let v = Visitor::come(&world).await;
        let anna = v.contact("anna@example.com", Outcome::Synchronised);
        tell(&v, &anna, "refused-in-sare", 4, NOON - 40 * DAY).await;
        for n in 0..30 {
            let one = v.contact(&format!("c{n}@example.com"), Outcome::Synchronised);
            tell(&v, &one, "vanished-from-sare", 0, NOON - 40 * MINUTE + n * MINUTE).await;
        }
        let page = v.page("unsubscribes").await;
        assert!(page.contains("Z SARE do sklepu (30)") && !page.contains("anna@example.com"));
        assert!(page.contains(">c29@example.com") && !page.contains(">c4@example.com"));
        let next = between(&page, "unsubscribes?days=30&amp;shop=", "#").to_owned();
        let older = v.page(&format!("unsubscribes?days=30&shop={next}")).await;
        assert!(older.contains(">c4@example.com") && older.contains(">c0@example.com"));
        assert!(!older.contains(">c5@example.com") && !older.contains("/unsubscribes?days=30&amp;shop="));
        for days in [90, 0] {
            assert!(
                v.page(&format!("unsubscribes?days={days}"))
                    .await
                    .contains("Z SARE do sklepu (31)")
            );
        }
    })
    .await;
}

#[tokio::test]
async fn the_file_is_given_to_the_pages_own_form_alone_and_kept_by_nobody() {
    each(async |world| {
        let v = Visitor::come(&world).await;
        three(&v).await;
        assert_eq!(v.forge("unsubscribes/export", "days=30").await.status, 403);
        let file = v.post("unsubscribes/export", "days=30").await;
        assert_eq!(file.status, 200);
        assert_eq!(file.header("cache-control"), "no-store");
        assert!(file.header("content-disposition").starts_with("attachment"));
        assert!(file.header("content-type").starts_with("text/csv"));
        let lines: Vec<&str> = file.text().lines().collect();
        assert_eq!(lines.len(), 4, "{lines:?}");
        assert!(lines[0].starts_with("\u{feff}\"Kierunek\";"));
        let anna = lines
            .iter()
            .find(|line| line.contains("anna@example.com"))
            .unwrap();
        assert!(anna.starts_with("\"Ze sklepu do SARE\";\"2026-11-23T10:00:00Z\";\"23.11.2026 11:00:00\""));
        let ben = lines
            .iter()
            .find(|line| line.contains("ben@example.com"))
            .unwrap();
        assert!(ben.starts_with("\"Z SARE do sklepu\"") && ben.contains("wysłano prośbę o potwierdzenie"));
    })
    .await;
}

#[tokio::test]
async fn where_refusals_are_not_carried_into_the_shop_the_page_says_so() {
    each(async |world| {
        let v = Visitor::come(&world).await;
        let says = "nie przenosimy wypisów z SARE do sklepu";
        assert!(!v.page("unsubscribes").await.contains(says));
        let config = format!("{CONFIG}\n[unsubscribe]\nto_shoper = false\n");
        world
            .store
            .put_config(v.id(), &config, None, None, "test", NOON)
            .await
            .unwrap();
        assert!(v.page("unsubscribes").await.contains(says));
    })
    .await;
}
