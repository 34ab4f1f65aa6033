//! What unsubscribing and deletion do on the other side, and when to stop and ask: a form over the configuration.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use sync_core::config::{Config, DeletedAction, OnNewOptIn, UnsubscribeStatus, WithoutAccount};
use sync_core::leave_out::{Domain, LeaveOut};
use texts::Words;

use super::frame::{self, Part};
use super::{config_of, keep};
use crate::panel::closed::Closed;
use crate::panel::parts::{self, Field};
use crate::panel::session::{Fields, Posted, Visit};
use crate::state::App;

/// What the form holds.
#[derive(Debug, Clone)]
pub struct Choice {
    to_sare: UnsubscribeStatus,
    leave_group: bool,
    to_shoper: bool,
    on_new_opt_in: OnNewOptIn,
    deleted: DeletedAction,
    without_account: WithoutAccount,
    domains: String,
    share: String,
    at_least: String,
    /// It was filled in over a configuration that is no longer in force.
    is_outdated: bool,
    /// The numbers were read and found wrong.
    is_checked: bool,
}

impl Choice {
    /// What is in force.
    pub fn of(config: &Config) -> Self {
        Self {
            to_sare: config.unsubscribe.to_sare,
            leave_group: config.unsubscribe.leave_group,
            to_shoper: config.unsubscribe.to_shoper,
            on_new_opt_in: config.unsubscribe.on_new_opt_in,
            deleted: config.deleted.action,
            without_account: config.customers.without_account,
            domains: lines(&config.leave_out),
            share: percent(config.brake.share),
            at_least: config.brake.at_least.to_string(),
            is_outdated: false,
            is_checked: false,
        }
    }

    /// What was filled in. A word that is none leaves what is in force.
    fn filled(fields: &Fields, before: &Config) -> Self {
        Self {
            to_sare: UnsubscribeStatus::from_word(fields.get("to_sare"))
                .unwrap_or(before.unsubscribe.to_sare),
            leave_group: fields.is_on("leave_group"),
            to_shoper: fields.is_on("to_shoper"),
            on_new_opt_in: OnNewOptIn::from_word(fields.get("on_new_opt_in"))
                .unwrap_or(before.unsubscribe.on_new_opt_in),
            deleted: DeletedAction::from_word(fields.get("deleted")).unwrap_or(before.deleted.action),
            without_account: WithoutAccount::from_word(fields.get("without_account"))
                .unwrap_or(before.customers.without_account),
            // A page from before there was the field says nothing of it.
            domains: match fields.all("domains").first() {
                Some(text) => (*text).to_owned(),
                None => lines(&before.leave_out),
            },
            share: fields.get("share").to_owned(),
            at_least: fields.get("at_least").to_owned(),
            is_outdated: false,
            is_checked: true,
        }
    }

    fn share(&self) -> Option<f64> {
        let share: f64 = self.share.replace(',', ".").parse().ok()?;
        (0.0..=100.0)
            .contains(&share)
            .then(|| (share * 100.0).round() / 10_000.0)
    }

    fn at_least(&self) -> Option<u32> {
        self.at_least.parse().ok()
    }

    /// The domains, one a line or apart by commas; the first that is none otherwise.
    fn domains(&self) -> Result<LeaveOut, &str> {
        let mut domains = Vec::new();
        let texts = self
            .domains
            .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';'));
        for text in texts.filter(|text| !text.is_empty()) {
            let domain = Domain::parse(text).ok_or(text)?;
            if !domains.contains(&domain) {
                domains.push(domain);
            }
        }
        Ok(LeaveOut { domains })
    }

    /// The configuration with these rules; `None` when a number or a domain is none.
    fn over(&self, before: &Config) -> Option<Config> {
        let mut config = before.clone();
        config.unsubscribe.to_sare = self.to_sare;
        config.unsubscribe.leave_group = self.leave_group;
        config.unsubscribe.to_shoper = self.to_shoper;
        config.unsubscribe.on_new_opt_in = self.on_new_opt_in;
        config.deleted.action = self.deleted;
        config.customers.without_account = self.without_account;
        config.leave_out = self.domains().ok()?;
        config.brake.share = self.share()?;
        config.brake.at_least = self.at_least()?;
        Some(config)
    }
}

/// Domains as people write them, one a line.
fn lines(leave_out: &LeaveOut) -> String {
    let lines: Vec<String> = leave_out.domains.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// A share as people write it: `5`, `2.5`.
fn percent(share: f64) -> String {
    let hundredths = (share * 10_000.0).round() / 100.0;
    hundredths.to_string()
}

/// The page.
pub async fn show(State(app): State<App>, visit: Visit) -> Result<Response, Closed> {
    let choice = config_of(&visit.shop).map(|config| Choice::of(&config));
    page(&app, &visit, visit.done(), choice.as_ref()).await
}

/// The page with the rules as they are, or as somebody left them.
async fn page(app: &App, visit: &Visit, done: &str, choice: Option<&Choice>) -> Result<Response, Closed> {
    let words = visit.words;
    let content = html! {
        section {
            h2 { (words.say("advanced.rules")) }
            @if let Some(choice) = choice { (form(visit, choice)) }
            @else { p { (words.say("advanced.force-not-connected")) } }
        }
    };
    frame::page(app, visit, Part::Rules, done, content).await
}

/// Saves the rules.
pub async fn save(State(app): State<App>, Posted { visit, fields }: Posted) -> Result<Response, Closed> {
    let Some(before) = config_of(&visit.shop) else {
        return Ok(visit.redirect("advanced/rules"));
    };
    let mut choice = Choice::filled(&fields, &before);
    let version = fields.get("version").parse().unwrap_or(-1);
    let Some(config) = choice.over(&before) else {
        return page(&app, &visit, "", Some(&choice)).await;
    };
    if version == visit.shop.config_version && config == before {
        return visit.redirect_done(&app, "advanced/rules?done=rules").await;
    }
    if keep(&app, &visit, &config, None, version).await? {
        return visit.redirect_done(&app, "advanced/rules?done=rules").await;
    }
    choice.is_outdated = true;
    page(&app, &visit, "", Some(&choice)).await
}

fn form(visit: &Visit, choice: &Choice) -> Markup {
    let words = visit.words;
    let wrong_share = choice.is_checked && choice.share().is_none();
    let wrong_least = choice.is_checked && choice.at_least().is_none();
    let fields = html! {
        @if choice.is_outdated {
            (parts::notice(parts::Tone::Bad, html! { p { (words.say("advanced.rules-outdated")) } }))
        }
        input type="hidden" name="version" value=(visit.shop.config_version);
        h3 { (words.say("advanced.unsubscribing")) }
        (to_sare(words, choice.to_sare))
        (parts::checkbox("leave_group", words.say("advanced.leave-group"), Some(words.say("advanced.leave-group-hint")), choice.leave_group))
        (parts::checkbox("to_shoper", words.say("advanced.to-shoper"), Some(words.say("advanced.to-shoper-hint")), choice.to_shoper))
        (new_opt_in(words, choice.on_new_opt_in))
        h3 { (words.say("advanced.deleting")) }
        (deleted(words, choice.deleted))
        h3 { (words.say("advanced.leaving-out")) }
        (without_account(words, choice.without_account))
        (domains(words, choice))
        h3 { (words.say("advanced.brake")) }
        p { (words.say("advanced.brake-what")) }
        (parts::input(words, Field {
            name: "share",
            label: words.say("advanced.share"),
            hint: Some(words.say("advanced.share-hint")),
            error: wrong_share.then(|| words.say("advanced.share-wrong")),
            required: true,
        }, "text", &choice.share))
        (parts::input(words, Field {
            name: "at_least",
            label: words.say("advanced.at-least"),
            hint: Some(words.say("advanced.at-least-hint")),
            error: wrong_least.then(|| words.say("advanced.at-least-wrong")),
            required: true,
        }, "text", &choice.at_least))
        p.soft { (words.say("advanced.rules-after")) }
        button type="submit" { (words.say("common.save")) }
    };
    visit.guarded_form("advanced/rules", false, fields)
}

fn to_sare(words: Words, chosen: UnsubscribeStatus) -> Markup {
    let all = UnsubscribeStatus::ALL.iter().copied();
    let names: Vec<_> = all
        .clone()
        .map(|value| format!("{}, {}", value.status(), words.status(value.status())))
        .collect();
    let options: Vec<_> = all
        .zip(&names)
        .map(|(value, name)| {
            let word = value.word();
            let meaning = words.say_word("advanced.to-sare-meaning", word);
            (word, name.as_str(), Some(meaning))
        })
        .collect();
    parts::radios("to_sare", words.say("advanced.to-sare"), &options, chosen.word())
}

fn new_opt_in(words: Words, chosen: OnNewOptIn) -> Markup {
    let options: Vec<_> = OnNewOptIn::ALL
        .iter()
        .copied()
        .map(|value| {
            let word = value.word();
            (
                word,
                words.say_word("advanced.opt-in-value", word),
                Some(words.say_word("advanced.opt-in-meaning", word)),
            )
        })
        .collect();
    parts::radios(
        "on_new_opt_in",
        words.say("advanced.opt-in"),
        &options,
        chosen.word(),
    )
}

fn without_account(words: Words, chosen: WithoutAccount) -> Markup {
    let options: Vec<_> = WithoutAccount::ALL
        .iter()
        .copied()
        .map(|value| {
            let word = value.word();
            (
                word,
                words.say_word("advanced.account-value", word),
                Some(words.say_word("advanced.account-meaning", word)),
            )
        })
        .collect();
    let legend = words.say("advanced.without-account");
    parts::radios("without_account", legend, &options, chosen.word())
}

fn domains(words: Words, choice: &Choice) -> Markup {
    let wrong = choice.domains().err().filter(|_| choice.is_checked);
    let told = wrong.map(|text| words.fill("advanced.domains-wrong", &[("text", &text)]));
    let usual = lines(&LeaveOut::default()).replace('\n', ", ");
    let field = Field {
        name: "domains",
        label: words.say("advanced.domains"),
        hint: Some(words.say("advanced.domains-hint")),
        error: told.as_deref(),
        required: false,
    };
    html! {
        (parts::text(words, field, 6, &choice.domains))
        p.hint { (words.fill("advanced.domains-usual", &[("domains", &usual)])) }
    }
}

fn deleted(words: Words, chosen: DeletedAction) -> Markup {
    let options: Vec<_> = DeletedAction::ALL
        .iter()
        .copied()
        .map(|value| {
            let word = value.word();
            (
                word,
                words.say_word("advanced.deleted-value", word),
                Some(words.say_word("advanced.deleted-meaning", word)),
            )
        })
        .collect();
    parts::radios("deleted", words.say("advanced.deleted"), &options, chosen.word())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_reads_and_writes_as_a_percentage() {
        for (share, text) in [(0.05, "5"), (0.025, "2.5"), (0.0, "0"), (1.0, "100"), (0.07, "7")] {
            assert_eq!(percent(share), text);
            let mut choice = Choice::of(&Config::default());
            choice.share = text.replace('.', ",");
            let read = choice.share().expect("a percentage");
            assert!((read - share).abs() < 1e-9, "{text} is {read}");
        }
        let mut choice = Choice::of(&Config::default());
        choice.domains = "Allegromail.PL, mail.erli.pl\r\n\r\nmail.erli.pl".to_owned();
        assert_eq!(lines(&choice.domains().unwrap()), "allegromail.pl\nmail.erli.pl");
        choice.domains = "allegro".to_owned();
        assert_eq!(choice.domains(), Err("allegro"));
        for wrong in ["", "-1", "100.5", "pięć", "NaN"] {
            let mut choice = Choice::of(&Config::default());
            choice.share = wrong.to_owned();
            assert_eq!(choice.share(), None, "{wrong}");
        }
    }
}
