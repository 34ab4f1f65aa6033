//! An address typed in: to its story, or to what begins so, or, when the ledger does not know it, what the shop and SARE say of it and what
//! can be checked.

use axum::extract::State;
use axum::response::Response;
use desk::story::{self, InShop, Ledger, Story};
use maud::{Markup, html};
use store::{AddrHash, DirtyKey, DirtyMark, Priority, Reason};
use sync_core::config::Config;
use sync_core::{Email, RecordKey, RecordKind};

use super::{lists, page_of, search};
use crate::panel::closed::Closed;
use crate::panel::layout::{self, Head};
use crate::panel::parts::{self, Tone};
use crate::panel::session::{Posted, Visit};
use crate::state::App;

/// Most records marked at once by hand.
const MOST: usize = 10;

/// Looks an address up.
pub async fn find(State(app): State<App>, Posted { visit, fields }: Posted) -> Result<Response, Closed> {
    let typed = fields.get("email");
    let words = visit.words;
    let Ok(email) = Email::parse(typed) else {
        if search::is_enough(typed) {
            let from = fields.get("from").parse().unwrap_or(0);
            let page = search::page(&app, &visit, typed.trim(), from).await;
            return page.map_err(|error| visit.closed(error));
        }
        let content = lists::search(&visit, typed, Some(words.say("contacts.bad-address")));
        return Ok(layout::page(
            &visit,
            Head::new("contacts", words.say("contacts.title")),
            content,
        ));
    };
    let hash = app.store.hash(visit.shop.id, email.key());
    let ledger = Ledger::read(&app.store, visit.shop.id, hash)
        .await
        .map_err(|error| visit.closed(error))?;
    if ledger.contact.is_some() {
        return Ok(visit.redirect(&page_of(hash, "")));
    }
    Ok(page(&visit, &email, &asking(&visit, &email)))
}

/// The page about an address that nobody here knows.
fn page(visit: &Visit, email: &Email, told: &Markup) -> Response {
    let words = visit.words;
    let content = html! {
        (lists::search(visit, email.as_str(), None))
        section {
            h2 { (words.fill("contacts.not-known", &[("email", &email.as_str())])) }
            (told)
        }
    };
    layout::page(visit, Head::new("contacts", words.say("contacts.title")), content)
}

/// The services are asked once the page is there: by a script, or by a button where there is none. The address is posted
/// for that too.
fn asking(visit: &Visit, email: &Email) -> Markup {
    let words = visit.words;
    let form = html! {
        input type="hidden" name="email" value=(email.as_str());
        p.soft role="status" hidden { (words.say("contacts.asking")) }
        noscript { button type="submit" name="whole" value="yes" { (words.say("contacts.ask")) } }
    };
    html! { div data-once=(visit.link("contacts/ask")) { (visit.form("contacts/ask", form)) } }
}

/// What both services say of an address that nobody here knows: a piece of the page, or all of it.
pub async fn ask(State(app): State<App>, Posted { visit, fields }: Posted) -> Result<Response, Closed> {
    let Ok(email) = Email::parse(fields.get("email")) else {
        return Ok(visit.redirect("contacts"));
    };
    let hash = app.store.hash(visit.shop.id, email.key());
    let ledger = Ledger::read(&app.store, visit.shop.id, hash)
        .await
        .map_err(|error| visit.closed(error))?;
    let told = unknown(&app, &visit, &email, hash, &ledger).await;
    Ok(if fields.is_on("whole") {
        page(&visit, &email, &told)
    } else {
        layout::piece(&visit, told)
    })
}

/// Asks both services about somebody unknown.
async fn unknown(app: &App, visit: &Visit, email: &Email, hash: AddrHash, ledger: &Ledger) -> Markup {
    let words = visit.words;
    let shop = &visit.shop;
    let config = shop.config.as_deref().and_then(|text| Config::parse(text).ok());
    let config = config.map(|parsed| parsed.config);
    let sare = async {
        match &config {
            Some(config) => story::in_sare(&app.engine, shop, config, email).await,
            None => Err(desk::Error::NoKey),
        }
    };
    let (in_shop, in_sare) = tokio::join!(
        InShop::read(&app.engine, shop, config.as_ref(), email, &ledger.records),
        sare
    );
    let told = Story {
        shop,
        email,
        config: config.as_ref(),
        ledger,
        in_shop: in_shop.as_ref(),
        in_sare: in_sare.as_ref().map(Option::as_ref),
        known: ledger.known(&app.engine),
    };
    let found: Vec<DirtyKey> = in_shop.as_ref().map_or_else(|_| Vec::new(), keys);
    let away = told.away(words);
    html! {
            @for line in &away { (parts::notice(Tone::Warn, html! { p { (line) } })) }
            @for line in told.shop_sentence(words).into_iter().chain(told.sare_sentence(words)) { p { (line) } }
            @if found.is_empty() {
                p { (words.say("contacts.check")) }
                ul {
                    li { (words.say("contacts.check-typo")) }
                    li { (words.say("contacts.check-order")) }
                    li { (words.say("contacts.check-kinds")) }
                    li { (words.say("contacts.check-first")) }
                }
            } @else {
                p { (words.say("contacts.on-its-way")) }
                (visit.form("contacts/sync", html! {
                    input type="hidden" name="hash" value=(hash.to_hex());
                    @for key in &found { input type="hidden" name="key" value=(key.encode()); }
                    button type="submit" { (words.say("contacts.sync")) }
                }))
            }
    }
}

/// The shop's records of a contact.
fn keys(shop: &InShop) -> Vec<DirtyKey> {
    let customers = shop
        .customers
        .iter()
        .map(|user| (RecordKind::Customer, user.id.0));
    let subscribers = shop
        .subscribers
        .iter()
        .map(|row| (RecordKind::Subscriber, row.id.0));
    customers
        .chain(subscribers)
        .map(|(kind, id)| DirtyKey::Record(RecordKey { kind, id }))
        .collect()
}

/// Has records that the ledger does not know yet looked at now.
pub async fn sync(State(app): State<App>, Posted { visit, fields }: Posted) -> Result<Response, Closed> {
    let keys: Vec<DirtyKey> = fields
        .all("key")
        .into_iter()
        .filter_map(DirtyKey::decode)
        .take(MOST)
        .collect();
    mark(&app, &visit, &keys).await?;
    Ok(match AddrHash::from_hex(fields.get("hash")) {
        Some(hash) => visit.redirect(&format!("{}?done=sync", page_of(hash, ""))),
        None => visit.redirect("contacts"),
    })
}

/// Marks what a person wants looked at now, and wakes the lane.
pub async fn mark(app: &App, visit: &Visit, keys: &[DirtyKey]) -> Result<(), Closed> {
    let now = app.now();
    let marks: Vec<DirtyMark> = keys
        .iter()
        .map(|key| DirtyMark {
            key: *key,
            due_at: now,
            priority: Priority::Live,
            reason: Reason::Manual,
            held_by: None,
        })
        .collect();
    app.store
        .mark_dirty(visit.shop.id, &marks, now)
        .await
        .map_err(|error| visit.closed(error))?;
    app.wake.notify_one();
    Ok(())
}
