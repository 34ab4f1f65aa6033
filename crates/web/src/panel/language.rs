//! Changing the panel's language, which the shop chose when it opened it.

use axum::extract::State;
use axum::response::Response;

use super::closed::Closed;
use super::session::Posted;
use crate::state::App;

/// Speaks the other language from here on, on the page the form came from.
pub async fn change(State(app): State<App>, Posted { visit, fields }: Posted) -> Result<Response, Closed> {
    let locale = if fields.get("locale") == "en" { "en" } else { "pl" };
    app.store
        .set_session_locale(visit.token(), locale)
        .await
        .map_err(|error| visit.closed(error))?;
    // The next link from the administration may name the other language: what was chosen here counts.
    app.store
        .choose_language(visit.shop.id, visit.admin.as_deref(), locale)
        .await
        .map_err(|error| visit.closed(error))?;
    let page = fields.get("page");
    let is_ours = page
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-/?=&.~:_".contains(&b))
        && !page.starts_with('/')
        && !page.contains("//");
    Ok(visit.redirect(if is_ours { page } else { "" }))
}
