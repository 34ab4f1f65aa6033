//! No statement about many rows is without its shop and its index: every one that stands in the sources is explained.

use sqlx::{AssertSqlSafe, Row};

use crate::support::Ledger;
use crate::words::sources;

/// Tables that hold many rows of a shop.
const LARGE: [&str; 7] = [
    "contacts",
    "records",
    "history",
    "dirty",
    "unsubscribes",
    "problems",
    "address_places",
];

/// Parts of statements that are about all shops at once, each with why.
const OF_ALL_SHOPS: [(&str, &str); 4] = [
    (
        "beginning IS NULL AND address IS NOT NULL LIMIT $1",
        "an index holds what is left to do, and nothing else",
    ),
    (
        "kind IN {list} GROUP BY kind",
        "a page of numbers about all shops",
    ),
    ("FROM {table}", "the table is chosen elsewhere"),
    ("INSERT INTO", "what is written is not looked for"),
];

/// What stands for the parts that are filled in.
const PARTS: [(&str, &str); 27] = [
    ("{columns}", "*"),
    ("{COLUMNS}", "*"),
    ("{RECORD}", "*"),
    ("{WAITING}", "*"),
    ("{list}", "($9, $10)"),
    ("{keys}", "($9, $10)"),
    ("{hashes}", "($9, $10)"),
    ("{rows}", "($1, $2, $3, $4, $5)"),
    ("{one}", "$1"),
    ("{two}", "$2"),
    ("{three}", "$3"),
    ("{four}", "$4"),
    ("{shop_value}", "$1"),
    ("{condition}", "TRUE"),
    ("{for_a_person}", "doubt IS NOT NULL"),
    ("{compare}", "<"),
    ("{direction}", "DESC"),
    ("{column}", "domain"),
    ("{LINES}", "50"),
    ("{chosen}", ""),
    ("{open}", ""),
    ("{which}", ""),
    ("{OLDEST_WAITING}", ""),
    ("{hash}", "hex(contacts.hash)"),
    ("'{}'", "'x'"),
    ("({})", "('x')"),
    ("{}", "1"),
];

/// The texts in quotes of a source, as they are meant.
fn quoted(source: &str) -> Vec<String> {
    let (mut found, mut text) = (Vec::new(), None::<String>);
    for line in source.lines() {
        let line = match &text {
            // A text that goes on in the next line leaves the white space out.
            Some(_) => line.trim_start(),
            None if line.trim_start().starts_with("//") => continue,
            None => line,
        };
        let mut chars = line.chars();
        let mut before = ' ';
        while let Some(c) = chars.next() {
            match (&mut text, c) {
                (None, '"') if before != '\'' => text = Some(String::new()),
                (Some(_), '"') => found.extend(text.take()),
                (Some(open), '\\') => open.extend(chars.next()),
                (Some(open), other) => open.push(other),
                (None, _) => {}
            }
            before = c;
        }
    }
    found
}

/// The statements about large tables.
fn statements() -> Vec<String> {
    let mut texts = Vec::new();
    sources(
        &std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut texts,
    );
    let is_one = |text: &String| {
        let begins = ["SELECT ", "UPDATE ", "DELETE ", "WITH "];
        let is_large = |table: &&str| {
            ["FROM", "JOIN", "UPDATE"].iter().any(|word| {
                let named = format!("{word} {table}");
                text.match_indices(&named).any(|(at, _)| {
                    !text[at + named.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_')
                })
            })
        };
        begins.iter().any(|begin| text.starts_with(begin)) && LARGE.iter().any(is_large)
    };
    let without_tests = texts
        .iter()
        .map(|text| text.split("#[cfg(test)]").next().unwrap_or_default());
    without_tests.flat_map(quoted).filter(is_one).collect()
}

#[tokio::test]
async fn every_statement_finds_its_rows_by_shop_and_index() {
    let ledger = Ledger::sqlite().await;
    let raw = ledger.raw().await;
    let (mut explained, mut wrong) = (0, Vec::new());
    for statement in statements() {
        if OF_ALL_SHOPS.iter().any(|(part, _)| statement.contains(part)) {
            continue;
        }
        let mut meant = statement.clone();
        for (part, value) in PARTS {
            meant = meant.replace(part, value);
        }
        let query = format!("EXPLAIN QUERY PLAN {meant}");
        let steps = match sqlx::query(AssertSqlSafe(query)).fetch_all(&raw).await {
            Ok(steps) => steps,
            Err(error) => {
                wrong.push(format!("cannot be explained ({error}): {meant}"));
                continue;
            }
        };
        explained += 1;
        let of_a_contact = meant.contains("hash = $") || meant.contains("hash IN (");
        for step in steps {
            let step: String = step.get("detail");
            let table = step.split(' ').nth(1).unwrap_or_default();
            if !LARGE.contains(&table) {
                continue;
            }
            let is_found = step.starts_with("SEARCH") && step.contains("(shop_id=?");
            let is_near = !of_a_contact
                || ["hash", "entry=?", " id=?", "outcome=?"]
                    .iter()
                    .any(|part| step.contains(part));
            if !(is_found && is_near) {
                wrong.push(format!("{step}: {meant}"));
            }
        }
    }
    raw.close().await;
    assert!(explained > 60, "only {explained} statements were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn statements_are_read_as_they_are_meant() {
    let source = "let a = \"SELECT 1 \\\n     FROM x\"; // \"no\nlet c = '\"'; f(\"b\\\"c\");";
    assert_eq!(quoted(source)[0], "SELECT 1 FROM x");
}
