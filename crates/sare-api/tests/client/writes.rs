//! What became of each item of a write: HTTP 200 says nothing (sare-api.md 3, 16 rows 2 and 3).

use sare_api::{AddOutcome, AddRequest, Contact, Group, ItemOutcome};
use serde_json::{Value, json};

use crate::transport::{ANNA, JAN, Script, ok, raw};

const EVE: &str = "eve@example.com";

fn request(emails: &[&str]) -> AddRequest {
    let contact = |email: &&str| Contact {
        email: (*email).to_owned(),
        ..Contact::default()
    };
    AddRequest::data_only(emails.iter().map(contact).collect())
}

async fn outcome_of(emails: &[&str], answer: Result<ports::Response, ports::TransportError>) -> AddOutcome {
    let (client, _) = Script::of([answer]);
    client.add(&request(emails)).await.unwrap()
}

/// One letter an item: accepted, refused, unclear.
fn letters(outcome: &AddOutcome) -> String {
    let letter = |item: &ItemOutcome| match item {
        ItemOutcome::Accepted => 'a',
        ItemOutcome::Refused { .. } => 'r',
        ItemOutcome::Unclear { .. } => 'u',
    };
    outcome.items.iter().map(letter).collect()
}

async fn told(response: Value) -> String {
    letters(&outcome_of(&[ANNA, JAN, EVE], ok(response)).await)
}

fn why(item: &ItemOutcome) -> &str {
    match item {
        ItemOutcome::Refused { why } | ItemOutcome::Unclear { why } => why.as_str(),
        ItemOutcome::Accepted => "",
    }
}

#[tokio::test]
async fn success_is_the_absence_of_failures_in_every_shape() {
    for response in [
        json!({ "success": [{ "email": ANNA }, { "email": JAN }, { "email": EVE }], "error": [] }),
        json!({ "success": [{ "email": ANNA }] }),
        json!({ "error": [] }),
        json!({ "error": {} }),
        json!({ "error": null }),
        json!({ "error": 0 }),
        json!([{ "email": ANNA }, { "email": JAN }, { "email": EVE }]),
        json!({ "data": [{ "email": ANNA, "status": 8 }] }),
        json!(3),
        json!(true),
        json!("OK"),
        json!([]),
        json!(null),
    ] {
        assert_eq!(told(response.clone()).await, "aaa", "{response}");
    }
    assert_eq!(
        letters(&outcome_of(&[ANNA], raw(200, r#"{"code":200}"#)).await),
        "a"
    );
    assert_eq!(
        letters(&outcome_of(&[ANNA], raw(207, r#"{"code":207,"response":{"error":[]}}"#)).await),
        "a"
    );
}

#[tokio::test]
async fn a_failure_that_names_its_address_refuses_that_item_alone() {
    for response in [
        json!({ "error": [{ "email": "jan.kowalski+SKLEP@example.com", "why": "nie" }] }),
        json!({ "errors": [{ "email": JAN, "message": "nie" }], "success": [] }),
        json!({ "error": { JAN: "nie" } }),
        json!({ "error": { JAN: { "why": "nie" } } }),
        json!({ "error": [{ JAN: "nie" }] }),
        json!({ "error": [{ "item": { "email": JAN }, "why": "nie" }] }),
        json!([{ "email": ANNA }, { "email": JAN, "why": "nie" }, { "email": EVE, "why": "" }]),
        json!({ "data": [{ "email": JAN, "error": "nie" }, { "email": ANNA, "code": 200 }] }),
    ] {
        assert_eq!(told(response.clone()).await, "ara", "{response}");
    }
    let beside = r#"{"code":200,"error":[{"email":"anna@example.com","why":"nie"}],"response":[]}"#;
    assert_eq!(letters(&outcome_of(&[ANNA, JAN], raw(200, beside)).await), "ra");
}

#[tokio::test]
async fn a_failure_that_names_nobody_makes_everybody_unclear_but_those_listed_as_taken() {
    assert_eq!(told(json!({ "error": [{ "why": "nie" }] })).await, "uuu");
    assert_eq!(told(json!({ "error": "nie" })).await, "uuu");
    assert_eq!(told(json!({ "error": { "why": "nie" } })).await, "uuu");
    assert_eq!(told(json!(false)).await, "uuu");
    assert_eq!(
        told(json!({ "success": [{ "email": ANNA }, EVE], "error": [{ "why": "nie" }] })).await,
        "aua"
    );
    let stranger = json!({ "error": [{ "email": "stranger@example.com", "why": "nie" }] });
    assert_eq!(
        told(stranger).await,
        "uuu",
        "an address we did not send may be one of ours in another spelling"
    );
    let mixed = json!({ "error": [{ "email": ANNA, "why": "a" }, { "why": "b" }] });
    assert_eq!(told(mixed).await, "ruu");
}

#[tokio::test]
async fn a_place_in_the_request_counts_only_where_it_cannot_mean_two_items() {
    let at = |place: i64| json!({ "error": [{ "index": place, "why": "nie" }] });
    assert_eq!(told(at(0)).await, "raa", "0 shows that places count from 0");
    assert_eq!(told(at(3)).await, "aar", "the last shows that they count from 1");
    assert_eq!(told(at(1)).await, "uua");
    assert_eq!(told(json!({ "error": { "0": "nie", "2": "nie" } })).await, "rar");
    assert_eq!(
        told(json!({ "error": [{ "index": 9, "why": "nie" }] })).await,
        "uuu"
    );
}

#[tokio::test]
async fn alone_an_item_is_refused_by_whatever_failure_there_is() {
    for (entry, reason) in [
        (json!({ "why": "adres zablokowany" }), "adres zablokowany"),
        (json!({ "message": "duplikat" }), "duplikat"),
        (json!({ "why": "", "message": "duplikat" }), "duplikat"),
        (json!({ "number": 12 }), r#"{"number":12}"#),
        (json!("tekst"), "tekst"),
        (json!(17), "17"),
    ] {
        let outcome = outcome_of(&[ANNA], ok(json!({ "error": [entry] }))).await;
        assert!(matches!(outcome.items[0], ItemOutcome::Refused { .. }));
        assert_eq!(why(&outcome.items[0]), reason);
    }
    let two = json!({ "error": [{ "why": "a" }, { "why": "b" }] });
    assert_eq!(why(&outcome_of(&[ANNA], ok(two)).await.items[0]), "a; b");
}

#[tokio::test]
async fn an_address_sent_twice_is_refused_in_both_places() {
    let error = json!({ "error": [{ "email": ANNA, "why": "nie" }] });
    assert_eq!(
        letters(&outcome_of(&[ANNA, JAN, "ANNA@example.com"], ok(error)).await),
        "rar"
    );
}

#[tokio::test]
async fn the_other_writes_are_judged_in_the_same_way() {
    let (client, _) = Script::of([ok(json!({ "error": [{ "email": JAN, "why": "brak" }] }))]);
    assert_eq!(letters(&client.delete(&[ANNA, JAN]).await.unwrap()), "ar");
    assert_eq!(
        letters(&client.group_remove_emails(&[ANNA, JAN], &[21]).await.unwrap()),
        "ar"
    );
    assert_eq!(
        letters(&client.group_add_emails(&[JAN], &[21]).await.unwrap()),
        "r"
    );
    let (client, _) = Script::of([ok(json!({ "error": [{ "id": "7", "why": "zajety" }] }))]);
    let groups = [6, 7].map(|id| Group {
        id,
        name: "Nowa".to_owned(),
    });
    assert_eq!(letters(&client.group_add(&groups).await.unwrap()), "ar");
}
