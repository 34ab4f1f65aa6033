//! `simulate`: Shoper and SARE as real HTTP servers, for trying out this program or any other.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use ports::{Clock, HttpClient, SystemClock, Transport};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use simulators::network::Endpoint;
use simulators::sare::{Account, AccountSettings, BASE_PATH};
use simulators::shoper::{Shop, ShopSettings};
use tokio::sync::watch;

use super::output;
use crate::cli::{SimulateCommand, Simulated};
use crate::exit;
use crate::simulated::{self, Running};

/// Runs what was asked for until Ctrl-C.
pub async fn simulate(command: SimulateCommand) -> anyhow::Result<u8> {
    match command {
        SimulateCommand::Shoper(options) => services(&options, true, false).await,
        SimulateCommand::Sare(options) => services(&options, false, true).await,
        SimulateCommand::Both(options) => services(&options, true, true).await,
        SimulateCommand::World(options) => {
            crate::lab::alone(move || super::world::world(options.from, options.seeds, options.steps)).await
        }
    }
}

async fn services(options: &Simulated, with_shop: bool, with_sare: bool) -> anyhow::Result<u8> {
    let transport = HttpClient::shared(crate::app::transport_settings(true)).map_err(anyhow::Error::msg)?;
    let outside = Outside {
        transport,
        clock: Arc::new(SystemClock),
        stop: crate::serve::stop_signal(),
    };
    let mut running = Vec::new();
    let mut told = serde_json::Map::new();
    if with_shop {
        let (server, words) = shop(options, &outside).await?;
        running.push(server);
        told.insert("shoper".to_owned(), words);
    }
    if with_sare {
        let (server, words) = sare(options, &outside).await?;
        running.push(server);
        told.insert("sare".to_owned(), words);
    }
    if options.json.json {
        output::json(&told)?;
    } else {
        tell(&told);
    }
    for server in running {
        server.wait().await?;
    }
    Ok(exit::OK)
}

/// What every simulator here shares.
struct Outside {
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    stop: watch::Receiver<bool>,
}

async fn shop(options: &Simulated, outside: &Outside) -> anyhow::Result<(Running, Value)> {
    let (mut settings, given) = settings::<ShopSettings>(options.shoper_settings.as_deref())?;
    let (listener, address) = simulated::listen(&options.shoper_listen).await?;
    if given.get("base_url").is_none() {
        settings.base_url.clone_from(&address);
    }
    if options.no_limits {
        settings.bucket = None;
    }
    let words = json!({
        "address": address,
        "url": settings.base_url,
        "license": settings.license,
        "app_id": settings.app_id,
        "app_secret": settings.app_secret,
        "appstore_secret": settings.appstore_secret,
        "webhook_secret": settings.webhook_secret,
        "admin_login": settings.admin_login,
        "admin_password": settings.admin_password,
        "customers": options.customers,
        "subscribers": options.subscribers,
    });
    let shop = Shop::new(settings, Arc::clone(&outside.clock), options.seed);
    simulators::data::populate(
        &shop,
        simulated::size(options.customers, options.subscribers),
        options.seed,
    );
    let (transport, clock) = (Arc::clone(&outside.transport), Arc::clone(&outside.clock));
    Ok((
        Running::start(Endpoint::Shop(shop), listener, transport, clock, &outside.stop),
        words,
    ))
}

async fn sare(options: &Simulated, outside: &Outside) -> anyhow::Result<(Running, Value)> {
    let (mut settings, _) = settings::<AccountSettings>(options.sare_settings.as_deref())?;
    let (listener, address) = simulated::listen(&options.sare_listen).await?;
    if options.no_limits {
        settings.rate_limit = None;
    }
    let words = json!({
        "address": address,
        "api_url": format!("{address}{BASE_PATH}"),
        "uid": settings.uid,
        "api_key": settings.api_key,
        "groups": settings.groups,
    });
    let account = Account::new(settings, Arc::clone(&outside.clock), options.seed);
    let (transport, clock) = (Arc::clone(&outside.transport), Arc::clone(&outside.clock));
    Ok((
        Running::start(Endpoint::Sare(account), listener, transport, clock, &outside.stop),
        words,
    ))
}

/// The settings of a JSON file over the defaults, and what the file itself says. A misspelt name is refused
/// rather than passed over: every one of them stands for something that is to be tried.
fn settings<T: DeserializeOwned + Default + serde::Serialize>(
    file: Option<&Path>,
) -> anyhow::Result<(T, Value)> {
    let Some(path) = file else {
        return Ok((T::default(), Value::Null));
    };
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let given: Value =
        serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))?;
    let known = serde_json::to_value(T::default())?;
    for name in given.as_object().into_iter().flat_map(|members| members.keys()) {
        if known.get(name).is_none() {
            let names: Vec<&str> = known
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, _)| name.as_str())
                .collect();
            anyhow::bail!(
                "{}: there is no setting {name:?}; there are {}",
                path.display(),
                names.join(", ")
            );
        }
    }
    let settings = serde_json::from_value(given.clone()).with_context(|| format!("{}", path.display()))?;
    Ok((settings, given))
}

fn tell(told: &serde_json::Map<String, Value>) {
    let text = |part: &Value, name: &str| part[name].as_str().unwrap_or_default().to_owned();
    if let Some(shop) = told.get("shoper") {
        output::line(&format!("Shoper, simulated: {}", text(shop, "address")));
        output::line(&format!(
            "  {} customers, {} subscribers",
            shop["customers"], shop["subscribers"]
        ));
        for (label, name) in [
            ("licence", "license"),
            ("app id", "app_id"),
            ("app secret", "app_secret"),
            ("AppStore secret", "appstore_secret"),
            ("webhook secret", "webhook_secret"),
            ("administrator", "admin_login"),
            ("password", "admin_password"),
        ] {
            output::line(&format!("  {label:<16} {}", text(shop, name)));
        }
    }
    if let Some(sare) = told.get("sare") {
        output::line(&format!("SARE, simulated: {}", text(sare, "address")));
        output::line(&format!("  {:<16} {}", "UID", text(sare, "uid")));
        output::line(&format!("  {:<16} {}", "API key", text(sare, "api_key")));
        for group in sare["groups"].as_array().into_iter().flatten() {
            output::line(&format!(
                "  {:<16} {} {}",
                "group",
                group[0],
                group[1].as_str().unwrap_or_default()
            ));
        }
    }
    output::line("To connect them:");
    output::line("  export ALLOW_HTTP=1 ENCRYPTION_KEYS=$(shoper-sare generate-key)");
    if let Some(sare) = told.get("sare") {
        output::line(&format!(
            "  export SARE_API_URL={} SARE_API_KEY={}",
            text(sare, "api_url"),
            text(sare, "api_key")
        ));
    }
    if let Some(shop) = told.get("shoper") {
        output::line(&format!(
            "  SHOPER_ADMIN_PASSWORD={} shoper-sare shop connect {} --login {}",
            text(shop, "admin_password"),
            text(shop, "url"),
            text(shop, "admin_login")
        ));
    }
    output::line("What people do there is done by POST to /_sim/… on either address. Ctrl-C ends.");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> anyhow::Result<(ShopSettings, Value)> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("shop.json");
        std::fs::write(&path, text).unwrap();
        settings(Some(&path))
    }

    #[test]
    fn settings_of_a_file_stand_over_the_defaults() {
        let (settings, given) = read(r#"{ "webhook_payload": "id_only", "latency": 40 }"#).unwrap();
        assert_eq!(
            settings.webhook_payload,
            simulators::shoper::WebhookPayload::IdOnly
        );
        assert_eq!(settings.latency, std::time::Duration::from_millis(40));
        assert_eq!(settings.admin_login, ShopSettings::default().admin_login);
        assert!(given.get("base_url").is_none());
    }

    #[test]
    fn a_setting_that_there_is_none_of_is_refused_with_those_there_are() {
        let error = read(r#"{ "latencyy": 40 }"#).unwrap_err().to_string();
        assert!(
            error.contains("latencyy") && error.contains("webhook_signing"),
            "{error}"
        );
        assert!(read("{").is_err());
        assert!(read(r#"{ "webhook_payload": "all" }"#).is_err());
    }
}
