//! `doctor`.

use serde_json::Value;

use crate::world::World;

fn wrong(report: &Value) -> Vec<String> {
    let checks = report.as_array().unwrap().iter();
    checks
        .filter(|check| check["state"] == "wrong")
        .map(|check| check["about"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn an_installation_that_works_is_in_order() {
    let world = World::synchronised();
    let report = world.run(&["doctor", "--json"]).with_code(0).json();
    assert!(wrong(&report).is_empty(), "{report}");
    world
        .run(&["doctor"])
        .with_code(0)
        .saying("Everything is in order.")
        .saying(&world.host);
}

#[test]
fn what_is_missing_is_told_with_what_helps() {
    let world = World::new();
    let keyless = world
        .run_with(&["doctor"], &[("ENCRYPTION_KEYS", "")], "")
        .with_code(1);
    keyless.saying("WRONG DATABASE_URL").saying("generate-key");
    let half = [("SHOPER_APP_ID", "x")];
    let report = world
        .run_with(&["doctor", "--json"], &half, "")
        .with_code(1)
        .json();
    assert_eq!(wrong(&report), ["AppStore"]);
    let nobody = [
        ("SARE_API_URL", "http://127.0.0.1:1/api/v1"),
        ("PUBLIC_URL", "http://127.0.0.1:1"),
    ];
    let report = world
        .run_with(&["doctor", "--json"], &nobody, "")
        .with_code(1)
        .json();
    assert_eq!(wrong(&report), ["SARE_API_URL", "PUBLIC_URL"]);
}

#[test]
fn a_shop_in_trouble_is_named_with_cause_and_remedy() {
    let world = World::synchronised();
    world
        .sare
        .change_settings(|settings| settings.api_key = "another".to_owned());
    world
        .run(&["doctor"])
        .with_code(1)
        .saying("SARE rejects the UID or the API key.")
        .saying("REST API");
    world.shop.lock_application(true);
    world
        .run(&["doctor"])
        .with_code(1)
        .saying("The shop cannot be asked");
}

#[test]
fn what_a_clock_that_was_wrong_has_written_and_when_no_server_lived_is_told() {
    let world = World::synchronised();
    let ledger = world.dir.path().join("ledger.db");
    let write = |statement: String| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            use sqlx::Connection;
            let url = format!("sqlite:{}", ledger.display());
            let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
            sqlx::query(sqlx::AssertSqlSafe(statement))
                .execute(&mut connection)
                .await
                .unwrap();
        });
    };
    let now = ports::Clock::now(&ports::SystemClock);
    let hour = 3_600_000;
    write(format!(
        "INSERT INTO absences (from_at, to_at) VALUES ({}, {})",
        now - 3 * hour,
        now + 1
    ));
    world
        .run(&["doctor"])
        .with_code(0)
        .saying("clock: It agrees with those of the services and with the ledger.")
        .saying("None lived from");
    world
        .run(&["shop", "show", &world.host])
        .with_code(0)
        .saying("being made up for");
    assert_eq!(world.show()["absences"][0]["made_up_for"], false);
    write(format!("UPDATE lanes SET latest_at = {}", now + 48 * hour));
    let report = world.run(&["doctor", "--json"]).with_code(1).json();
    assert_eq!(wrong(&report), ["clock"]);
    world
        .run(&["doctor"])
        .with_code(1)
        .saying("which has not come yet")
        .saying("NTP");
}
