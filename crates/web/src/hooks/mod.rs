//! Webhooks of both services: hints that something changed. Each is proven, marks what it names as dirty, and is
//! answered; nothing else happens before the answer, and nothing of the body is kept.

mod address;
mod id;
pub mod sare;
pub mod shoper;

use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::state::App;

/// Shoper waits three seconds and never tries again (shoper-api.md F.6).
const ANSWER_WITHIN: Duration = Duration::from_millis(2_500);

/// Handles a webhook within the sender's time-out. Work that takes longer goes on after the answer; the number at once is
/// bounded.
async fn in_time<T: Send + 'static>(
    app: &App,
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    let place = Arc::clone(&app.hook_places)
        .try_acquire_owned()
        .map_err(|_| Error::Busy)?;
    let work = tokio::spawn(async move {
        let done = work.await;
        drop(place);
        done
    });
    match tokio::time::timeout(ANSWER_WITHIN, work).await {
        Ok(Ok(done)) => done,
        Ok(Err(_)) | Err(_) => Err(Error::Busy),
    }
}
