//! What the shop says about itself (shoper-api.md D.9).

use super::super::json::Json;
use super::super::refusal::Refusal;
use super::super::state::State;
use super::{Answer, Call};

pub(super) fn config(state: &State, call: &Call<'_>) -> Result<Answer, Refusal> {
    only_get(call)?;
    let settings = &state.settings;
    let mut json = Json::new(settings);
    json.object(None, |json| {
        json.text(
            "shop_url",
            (settings.redirects_to.as_ref())
                .or(settings.own_domain.as_ref())
                .unwrap_or(&settings.base_url),
        );
        json.text("technical_url", &settings.base_url);
        json.text("shop_name", &settings.shop_name);
        json.text("shop_email", "sklep@example.com");
        json.id("license_id", 568_425);
        json.text("default_language_name", "pl_PL");
        json.id("default_language_id", 1);
        json.text("default_currency_name", "PLN");
        json.text("locale_timezone", "Europe/Warsaw");
        json.flag("registration_confirm", false);
        // Some flags of live shops are empty (D.5).
        json.text("shop_off", "");
        json.text("registration_enable", "1");
    });
    Ok(Answer::json(json.into_bytes()))
}

pub(super) fn version(state: &State, call: &Call<'_>) -> Result<Answer, Refusal> {
    only_get(call)?;
    let mut json = Json::new(&state.settings);
    json.object(None, |json| json.text("version", &state.settings.version));
    Ok(Answer::json(json.into_bytes()))
}

/// While the application is locked every other call is answered 503.
pub(super) fn lock(state: &mut State, call: &Call<'_>) -> Result<Answer, Refusal> {
    match call.method.as_str() {
        "GET" => {
            let mut json = Json::new(&state.settings);
            json.object(None, |json| json.boolean("locked", state.locked));
            return Ok(Answer::json(json.into_bytes()));
        }
        "POST" | "PUT" => state.locked = true,
        "DELETE" => state.locked = false,
        _ => return Err(Refusal::MethodNotAllowed),
    }
    Ok(Answer::json(&b"true"[..]))
}

fn only_get(call: &Call<'_>) -> Result<(), Refusal> {
    if call.method == http::Method::GET {
        Ok(())
    } else {
        Err(Refusal::MethodNotAllowed)
    }
}
