//! A shop that sends us on to another address, and the way back (shoper-api.md A.2).
//!
//! Whoever answers a call with a redirect, be it for one second, says where our tokens, and with a renewal the secret of
//! the app, are to go next. So a redirect by itself changes nothing. Only one that is meant to last, that a second request
//! without credentials meets as well, and that leads to an address which the shop has named in words we can trust, is
//! taken for a move; and the new address must speak like Shoper to a stranger before it is asked with a token. The old
//! address is kept: it is asked again when the new one fails, and before anything more precious than a token travels.

use ports::TransportError;
use shoper_api::{Error, ShopUrl, Standing, standing};
use store::Shop;
use sync_core::{Cause, ProblemKind, Topic};

use crate::error::{Halt, Side};
use crate::session::Session;

/// Failures in a row after which the address of before is tried.
const PATIENCE: u32 = 2;

/// What to do about a call that failed because of the shop's address, or may have: the shop rests, and is asked elsewhere
/// the next time where that is proven to be right.
pub async fn handle_failure(s: &Session<'_>, error: &Error) -> Result<Halt, Halt> {
    let redirected = match error {
        Error::Redirected {
            to: Some(to),
            for_good: true,
        } => Some(to),
        _ => None,
    };
    if let Some(to) = redirected.filter(|to| to.host() != s.url.host()) {
        if let Some(halt) = moved(s, to).await? {
            return Ok(halt);
        }
    } else if let Error::Transport(TransportError::OutOfReach(out)) = error {
        s.state().redirect_untrusted = true;
        s.shop_problem(
            Topic::ShopAddress,
            ProblemKind::ShopNotPublic,
            Some(out.host.clone()),
        )
        .await?;
    } else {
        redirect_over(s).await?;
    }
    let fails = !matches!(error, Error::RateLimited { .. } | Error::ShopLocked { .. });
    let halt = s.shoper_outage(error);
    if fails
        && s.state().failures.shoper >= PATIENCE
        && let Some(back) = back(s).await?
    {
        return Ok(back);
    }
    Ok(halt)
}

/// A permanent redirect to another host: follows it when the move is proven.
async fn moved(s: &Session<'_>, to: &ShopUrl) -> Result<Option<Halt>, Halt> {
    // Asked without credentials: one call that is sent on while others are answered is no move.
    if standing(s.transport.as_ref(), &s.url).await != Standing::MovedTo(to.clone()) {
        return Ok(None);
    }
    if !is_known(s, to).await? {
        tracing::warn!(shop = %s.shop.id, from = %s.url.host(), to = %to.host(),
            "the shop sends us on to an address that nothing proves to be its own; nothing is sent there");
        s.state().redirect_untrusted = true;
        s.shop_problem(Topic::ShopAddress, ProblemKind::ShopSentOn, Some(to.host()))
            .await?;
        return Ok(None);
    }
    if standing(s.transport.as_ref(), to).await != Standing::Shop {
        return Ok(None);
    }
    let old = s.url.as_str().to_owned();
    ask_elsewhere(s, to, Some(&old), "the shop has moved")
        .await
        .map(Some)
}

/// Whether the shop itself, or a signed message, has named this address before.
async fn is_known(s: &Session<'_>, to: &ShopUrl) -> Result<bool, Halt> {
    let Some(shop) = s.store.shop(s.shop.id).await? else {
        return Ok(false);
    };
    let is_its_host =
        |name: &str| ShopUrl::parse(name, s.settings.allow_http).is_ok_and(|url| url.host() == to.host());
    Ok(names(&shop).any(is_its_host))
}

/// Every address by which we know the shop.
fn names(shop: &Shop) -> impl Iterator<Item = &str> {
    [
        shop.technical_url.as_deref(),
        shop.own_url.as_deref(),
        shop.announced_url.as_deref(),
        shop.previous_url.as_deref(),
    ]
    .into_iter()
    .flatten()
}

/// The address of before, when it answers like a shop: it is asked again from the next slice on.
pub async fn back(s: &Session<'_>) -> Result<Option<Halt>, Halt> {
    let Some(previous) = &s.shop.previous_url else {
        return Ok(None);
    };
    let Ok(previous) = ShopUrl::parse(previous, s.settings.allow_http) else {
        return Ok(None);
    };
    if previous.host() == s.url.host() || standing(s.transport.as_ref(), &previous).await != Standing::Shop {
        return Ok(None);
    }
    ask_elsewhere(
        s,
        &previous,
        None,
        "the shop is asked at its address of before again",
    )
    .await
    .map(Some)
}

/// Before a code, a refresh token with the app's secret, or a login travels: while the address of before answers, it gets
/// them, and no other.
pub async fn before_secrets(s: &Session<'_>) -> Result<(), Halt> {
    match back(s).await? {
        Some(halt) => Err(halt),
        None => Ok(()),
    }
}

async fn ask_elsewhere(
    s: &Session<'_>,
    to: &ShopUrl,
    previous: Option<&str>,
    what: &'static str,
) -> Result<Halt, Halt> {
    let now = s.now();
    let done = s
        .store
        .readdress(
            s.shop.id,
            s.url.as_str(),
            (to.as_str(), &to.host()),
            previous,
            now,
        )
        .await?;
    if done {
        tracing::warn!(shop = %s.shop.id, from = %s.url.host(), to = %to.host(), "{what}");
        metrics::counter!("shoper_sare_shops_moved_total").increment(1);
    }
    let until = now + 1_000;
    {
        let mut state = s.state();
        state.failures.shoper = 0;
        state.timers.shoper = until;
        // It tells its addresses anew, and its hooks are looked at there.
        state.timers.hooks = 0;
    }
    redirect_over(s).await?;
    Ok(Halt::Wait {
        side: Side::Shoper,
        until,
        why: Cause::ShopAway,
    })
}

/// The shop answers, or fails in another way: the problem of its address is over.
pub async fn redirect_over(s: &Session<'_>) -> Result<(), Halt> {
    if std::mem::take(&mut s.state().redirect_untrusted) {
        s.shop_problem_over(Topic::ShopAddress).await?;
    }
    Ok(())
}
