//! The task that notifies web servers: one upload after another, each with a limited
//! number of attempts. Notices that could not be delivered are logged.

use std::io;
use std::time::Duration;

use gantry_api::log;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::mpsc::Receiver;
use tokio::time::{sleep, timeout};

use crate::address::Address;

/// A notice about one upload.
#[derive(Debug)]
pub struct Notice {
    /// The web server.
    pub address: Address,
    /// The JSON text.
    pub body: String,
}

/// The number of retries.
#[derive(Debug, Clone, Copy)]
pub struct Retries(pub u8);

/// Why a delivery failed.
#[derive(Debug)]
enum Failure {
    /// It may work later.
    Passing(String),
    /// It will never work.
    Lasting(String),
}

/// Delivers until the senders are gone and every waiting notice has been tried.
pub async fn run(mut notices: Receiver<Notice>, retries: Retries) {
    while let Some(notice) = notices.recv().await {
        let mut pause = FIRST_PAUSE;
        let mut left = retries.0;
        loop {
            // Once the module stops, each notice is tried once, without pauses.
            let again = left > 0 && !notices.is_closed();
            match post(&notice).await {
                Ok(()) => log!(Debug, "{}: notified", notice.address),
                Err(Failure::Passing(reason)) if again => {
                    log!(Debug, "{}: {reason}; trying again in {pause:?}", notice.address);
                    left -= 1;
                    sleep(pause).await;
                    pause *= 2;
                    continue;
                }
                Err(Failure::Passing(reason) | Failure::Lasting(reason)) => {
                    log!(Warn, "{}: {reason}; not delivered: {}", notice.address, notice.body);
                }
            }
            break;
        }
    }
}

async fn post(notice: &Notice) -> Result<(), Failure> {
    match timeout(PATIENCE, request(notice)).await {
        Err(_) => Err(Failure::Passing(format!("no answer within {PATIENCE:?}"))),
        Ok(Err(error)) => Err(Failure::Passing(error.to_string())),
        Ok(Ok(status)) if status.is_success() => Ok(()),
        Ok(Ok(status)) => {
            let busy = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS].contains(&status);
            let reason = format!("it replied with {status}");
            Err(if busy || status.is_server_error() { Failure::Passing(reason) } else { Failure::Lasting(reason) })
        }
    }
}

/// The status of the response; its body is not read.
async fn request(notice: &Notice) -> io::Result<StatusCode> {
    let Notice { address, body } = notice;
    let request = Request::post(&address.path)
        .header(HOST, &address.authority)
        .header(CONTENT_TYPE, "application/json")
        .header(CONNECTION, "close")
        .body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
        .map_err(io::Error::other)?;
    let stream = TcpStream::connect(&address.peer).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    let answer = sender.send_request(request);
    tokio::pin!(answer);
    // The connection must run while the response is awaited. It may end first, after the
    // response has arrived.
    let answer = tokio::select! {
        answer = &mut answer => answer,
        ended = connection => {
            ended.map_err(io::Error::other)?;
            answer.await
        }
    };
    Ok(answer.map_err(io::Error::other)?.status())
}

const PATIENCE: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(500);
