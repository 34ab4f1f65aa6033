//! The world's hands on a simulated SARE account. The routes are listed in [`crate::server`].

use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{AdminError, merge};
use crate::sare::{Account, AccountSettings, ContactView, LoggedRequest};

#[derive(Deserialize)]
struct Who {
    email: String,
    #[serde(default)]
    status: i64,
}

/// Carries out one admin call on an account. `path` is what follows `/_sim/`.
pub(super) fn call(
    account: &Account,
    method: &Method,
    path: &[&str],
    body: &Bytes,
) -> Result<Value, AdminError> {
    if *method == Method::GET {
        return match path {
            ["contacts"] => Ok(json!(account.contacts())),
            ["contacts", email] => Ok(json!(account.contact(email))),
            ["groups"] => Ok(json!(account.groups())),
            ["mailable"] => Ok(json!(account.mailable())),
            ["status_log"] => Ok(json!(account.status_log())),
            ["settings"] => Ok(json!(account.settings())),
            ["requests"] => Ok(requests(account)),
            ["counters"] => Ok(counters(account)),
            _ => Err(AdminError::NoSuchRoute),
        };
    }
    if *method != Method::POST {
        return Err(AdminError::NoSuchRoute);
    }
    match path {
        ["contacts"] => {
            let view: ContactView = serde_json::from_slice(body)?;
            account.put_contact_with(&view);
            return Ok(json!(account.contact(&view.email)));
        }
        ["settings"] => {
            let mut settings = json!(account.settings());
            merge(&mut settings, serde_json::from_slice(body)?);
            let settings: AccountSettings = serde_json::from_value(settings)?;
            account.change_settings(|present| *present = settings);
            return Ok(json!(account.settings()));
        }
        _ => {}
    }
    let hand: fn(&Account, &Who) -> bool = match path {
        ["unsubscribe"] => |account, who| account.recipient_clicks_unsubscribe(&who.email),
        ["confirm"] => |account, who| account.recipient_confirms(&who.email),
        ["block"] => |account, who| account.operator_blocks(&who.email),
        ["sign_out"] => |account, who| account.operator_signs_out(&who.email),
        ["status"] => |account, who| account.operator_sets_status(&who.email, who.status),
        ["forget"] => |account, who| account.forget(&who.email),
        ["delete"] => |account, who| account.delete(&who.email),
        ["forge_webhook"] => |account, who| {
            account.stranger_forges_webhook(&who.email);
            true
        },
        _ => return Err(AdminError::NoSuchRoute),
    };
    let who: Who = serde_json::from_slice(body)?;
    Ok(json!({ "changed": hand(account, &who) }))
}

fn counters(account: &Account) -> Value {
    let (delivered, undelivered) = account.deliveries();
    json!({
        "contacts": account.len(),
        "requests": account.requests(),
        "confirmations_sent": account.confirmations_sent(),
        "webhooks_delivered": delivered,
        "webhooks_undelivered": undelivered,
        "faults_struck": account.faults().struck(),
    })
}

fn requests(account: &Account) -> Value {
    let row = |request: LoggedRequest| {
        json!({
            "at": request.at,
            "method": request.method.as_str(),
            "path": request.path,
            "body": serde_json::from_slice::<Value>(&request.body).unwrap_or(Value::Null),
            "status": request.status,
            "cut": request.cut,
        })
    };
    account.request_log().into_iter().map(row).collect()
}
