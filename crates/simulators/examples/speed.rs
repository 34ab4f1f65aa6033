//! How fast the simulators answer, and how much memory they hold, with as many contacts as a large shop has.
//!
//!     cargo run --release -p simulators --example speed -- 200000
//!
//! Everything is asked the way a synchronisation asks: pages by keyset, address books of fifty customers,
//! single addresses, adds and statuses of a hundred contacts. Numbers are rows a second on one core.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::Method;
use ports::{ManualClock, Request};
use serde_json::{Value, json};
use simulators::data::{self, Size};
use simulators::sare::{Account, AccountSettings};
use simulators::shoper::{Shop, ShopSettings};

const NOW: i64 = 1_795_431_600_000;

fn main() {
    let contacts: usize = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(200_000);
    let before = resident();
    let shop = a_shop(contacts);
    tell("shop, memory in MB", resident().saturating_sub(before) / 1000);
    let token = shop.issue_tokens().access;
    let emails = customers(&shop, &token);
    subscribers(&shop, &token);
    address_books(&shop, &token, contacts);
    single_addresses(&shop, &token, &emails);
    let before = resident();
    let account = Account::new(AccountSettings::default(), Arc::new(ManualClock::at(NOW)), 1);
    adds(&account, &emails);
    tell("account, memory in MB", resident().saturating_sub(before) / 1000);
    lists(&account, &emails, "status_by_email_list");
    lists(&account, &emails, "by_email_list");
}

fn a_shop(contacts: usize) -> Shop {
    let settings = ShopSettings {
        bucket: None,
        ..ShopSettings::default()
    };
    let shop = Shop::new(settings, Arc::new(ManualClock::at(NOW)), 1);
    let size = Size {
        customers: contacts,
        ..Size::of(contacts)
    };
    let start = Instant::now();
    data::populate(&shop, size, 1);
    rate("people made up", size.customers + size.subscribers, start);
    shop
}

fn customers(shop: &Shop, token: &str) -> Vec<String> {
    let start = Instant::now();
    let mut emails = Vec::new();
    keyset(shop, token, "users", "user_id", |row| {
        emails.push(row["email"].as_str().unwrap_or_default().to_owned());
    });
    rate("customers by keyset, reading included", emails.len(), start);
    emails
}

fn subscribers(shop: &Shop, token: &str) {
    let start = Instant::now();
    let mut rows = 0;
    keyset(shop, token, "subscribers", "subscriber_id", |_| rows += 1);
    rate("subscribers by keyset, reading included", rows, start);
}

fn keyset(shop: &Shop, token: &str, resource: &str, id: &str, mut each: impl FnMut(&Value)) {
    let mut last = 0;
    loop {
        let filters = encoded(&json!({ id: { ">": last } }));
        let page = shop_call(
            shop,
            token,
            &format!("{resource}?filters={filters}&order={id}%20ASC&limit=50"),
        );
        let page: Value = serde_json::from_slice(&page).unwrap_or_default();
        let Some(rows) = page["list"].as_array().filter(|rows| !rows.is_empty()) else {
            return;
        };
        for row in rows {
            each(row);
        }
        last = rows
            .last()
            .and_then(|row| row[id].as_str()?.parse().ok())
            .unwrap_or(i64::MAX);
    }
}

fn address_books(shop: &Shop, token: &str, contacts: usize) {
    let start = Instant::now();
    let (mut from, mut asked) = (1, 0);
    while from <= contacts && asked < 20_000 {
        let ids: Vec<usize> = (from..(from + 50).min(contacts + 1)).collect();
        let filters = encoded(&json!({ "user_id": { "in": ids }, "default": 1 }));
        shop_call(shop, token, &format!("user-addresses?filters={filters}&limit=50"));
        asked += ids.len();
        from += 50;
    }
    rate("customers whose addresses were read, fifty at once", asked, start);
}

fn single_addresses(shop: &Shop, token: &str, emails: &[String]) {
    let start = Instant::now();
    let asked = emails.len().min(5000);
    for email in &emails[..asked] {
        let filters = encoded(&json!({ "email": email }));
        shop_call(shop, token, &format!("users?filters={filters}"));
        shop_call(shop, token, &format!("subscribers?filters={filters}"));
    }
    rate(
        "addresses looked for among customers and subscribers",
        asked,
        start,
    );
}

fn adds(account: &Account, emails: &[String]) {
    let start = Instant::now();
    for batch in emails.chunks(100) {
        let contacts: Vec<Value> = batch
            .iter()
            .map(|email| {
                json!({
                    "email": email, "status": 8, "groups": [21], "name": "Jan Kowalski", "gsm": "+48500600700",
                    "prop": { "prop1": "Jan", "prop2": "Rybnik" }, "prop_cust": { "miasto": "Rybnik" },
                })
            })
            .collect();
        let body = json!({ "only_add_to_groups": true, "update_on_duplicate": true, "emails": contacts });
        account_call(account, "email/add", &body);
    }
    rate("contacts added, a hundred at once", emails.len(), start);
}

fn lists(account: &Account, emails: &[String], call: &str) {
    let start = Instant::now();
    for batch in emails.chunks(100) {
        let asked: Vec<Value> = batch.iter().map(|email| json!({ "email": email })).collect();
        account_call(account, &format!("email/{call}/0"), &json!({ "emails": asked }));
    }
    rate(&format!("contacts read by {call}"), emails.len(), start);
}

fn shop_call(shop: &Shop, token: &str, path: &str) -> Bytes {
    let request = http::Request::get(format!("{}/webapi/rest/{path}", shop.base_url()))
        .header("Authorization", format!("Bearer {token}"))
        .body(Bytes::new());
    request
        .map(|request: Request| shop.handle(&request).into_body())
        .unwrap_or_default()
}

fn account_call(account: &Account, path: &str, body: &Value) {
    let settings = AccountSettings::default();
    let request = http::Request::builder()
        .method(Method::POST)
        .uri(format!("https://sare.example/api/v1/{}/{path}", settings.uid))
        .header("ApiKey", settings.api_key)
        .header("Content-Type", "application/json")
        .body(Bytes::from(body.to_string()));
    if let Ok(request) = request {
        account.handle(&request);
    }
}

fn encoded(filters: &Value) -> String {
    url::form_urlencoded::byte_serialize(filters.to_string().as_bytes()).collect()
}

/// Memory of this process in kB, where the system tells it.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse().ok())
        .unwrap_or(0)
}

fn rate(what: &str, rows: usize, start: Instant) {
    let seconds = start.elapsed().as_secs_f64().max(1e-9);
    tell(what, (rows as f64 / seconds) as usize);
}

#[expect(clippy::print_stdout, reason = "the numbers are what the example is for")]
fn tell(what: &str, number: usize) {
    let mut grouped = String::new();
    for (at, digit) in number.to_string().chars().enumerate() {
        if at > 0 && (number.to_string().len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        let _ = write!(grouped, "{digit}");
    }
    println!("{grouped:>12}  {what}");
}
