//! mod_webhook, an example module: network I/O on its own runtime. It notifies a web
//! server of each complete upload with a POST of one line of JSON. Clients do not wait
//! for that: one task delivers from a bounded queue.

mod address;
mod delivery;

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use gantry_api::prelude::*;
use gantry_api::transfer::{Direction, Outcome};
use tokio::sync::{mpsc, oneshot};

use address::Address;
use delivery::{Notice, Retries};

/// The module: its end of the queue, and the task's end.
#[derive(Default)]
struct Webhook {
    queue: Mutex<Option<mpsc::Sender<Notice>>>,
    finished: Mutex<Option<oneshot::Receiver<()>>>,
}

module! { Webhook, settings: Settings, runtime: gantry_runtime::start }

settings! {
    /// The settings of one scope.
    struct Settings {
        /// The web server to notify: each complete upload is a POST with the media type application/json. Only http is
        /// supported; for https use a proxy on this host.
        url: Option<Address> = WebhookURL "http://host[:port]/path|none"
            in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY,
            inherits: replace, parse: address::directive;
        /// The maximum number of waiting notices. If the queue is full, further uploads are not reported, and the log
        /// says so.
        queue: u16 = WebhookQueue "number" in SERVER, inherits: no, default: "256", parse: queue;
        /// The number of retries if the web server cannot be reached or is busy. The first comes after half a second;
        /// each further pause is twice as long.
        retries: u8 = WebhookRetries "number" in SERVER, inherits: no, default: "3", parse: retries;
    }
}

hook! {
    // After the reply, because the web server does not concern the client.
    log class WRITE, at_once: tell;
}

fn tell(webhook: &Webhook, at: &mut Moment<'_>) -> Result<Step> {
    let (Some(address), Some(transfer)) = (&at.settings::<Settings>().url, &at.session.transfer) else {
        return Ok(Step::Next);
    };
    if transfer.direction != Direction::In || transfer.outcome != Outcome::Complete {
        return Ok(Step::Next);
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let time = transfer.ended.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let body = serde_json::json!({
        "event": "upload",
        "command": at.command.verb.name(),
        "user": at.session.user,
        "path": transfer.path.to_string(),
        "file": text(&at.files.shown(&transfer.path)),
        "bytes": transfer.bytes,
        "server": &*at.session.server_name,
        "client": at.session.remote.ip().to_string(),
        "time": time,
    });
    let notice = Notice { address: address.clone(), body: body.to_string() };
    let sent = lock(&webhook.queue).as_ref().map(|queue| queue.try_send(notice));
    if !matches!(sent, Some(Ok(()))) {
        return Err(Error::system(format!("{address}: not notified of {}: the queue is full", transfer.path)));
    }
    Ok(Step::Next)
}

#[async_trait]
impl Module for Webhook {
    async fn start(&mut self, start: &mut Start<'_>) -> Result<()> {
        let main = start.servers::<Settings>().next().map(|(_, settings)| settings);
        let main = main.ok_or_else(|| Error::system("there is no main server"))?;
        let (places, retries) = (main.queue, Retries(main.retries));
        let runtime = start.runtime().ok_or_else(|| Error::system("there is no runtime"))?;
        let (queue, notices) = mpsc::channel(places.into());
        let (done, finished) = oneshot::channel();
        runtime.spawn(Box::pin(async move {
            delivery::run(notices, retries).await;
            let _ = done.send(());
        }));
        *lock(&self.queue) = Some(queue);
        *lock(&self.finished) = Some(finished);
        Ok(())
    }

    /// Each waiting notice is tried once more, within [`LAST_WORDS`].
    async fn stop(&self) {
        // Without a sender the queue ends, and so does the task.
        drop(lock(&self.queue).take());
        let finished = lock(&self.finished).take();
        if let Some(finished) = finished
            && tokio::time::timeout(LAST_WORDS, finished).await.is_err()
        {
            log!(Warn, "web servers do not respond; the waiting notices were not delivered");
        }
    }
}

const LAST_WORDS: Duration = Duration::from_secs(20);

fn queue(words: &[&str]) -> Result<Value, ParseError> {
    at_most(words, 1, u16::MAX.into())
}

fn retries(words: &[&str]) -> Result<Value, ParseError> {
    at_most(words, 0, 10)
}

fn at_most(words: &[&str], least: i64, most: i64) -> Result<Value, ParseError> {
    let number = parse::whole(parse::one(words)?)?;
    let fits = (least..=most).contains(&number);
    fits.then_some(Value::Int(number)).ok_or_else(|| format!("it must be between {least} and {most}").into())
}

/// Locks, even after a panic in another holder: the value is always consistent.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
