//! `gantry shutdown`: ends the daemon.

use super::common::Common;
use super::connection::Request;
use super::error::ControlError;
use super::value;
use crate::show::text::counted;
use crate::show::time::Span;

/// Ends the daemon, like SIGTERM: running commands have a few seconds to finish.
#[derive(clap::Args, Debug)]
pub struct Shutdown {
    /// Give sessions this much time to end by themselves, such as 30s or 5m
    #[arg(short, long, value_name = "TIME")]
    graceful: Option<Span>,
    #[command(flatten)]
    common: Common,
}

impl Shutdown {
    pub fn run(&self) -> Result<(), ControlError> {
        let request = Request::new("shutdown");
        let request = match self.graceful {
            Some(Span(seconds)) => request.word("graceful").word(seconds),
            None => request,
        };
        self.common.show(&request, |shutdown: value::Shutdown, _| self.told(shutdown.sessions))
    }

    fn told(&self, sessions: Option<u64>) -> String {
        let sessions = match sessions {
            None | Some(0) => "no sessions".to_owned(),
            Some(number) => counted(number, "session"),
        };
        match self.graceful {
            Some(time) => format!("gantryd will end within {time} ({sessions})\n"),
            None => format!("gantryd is ending ({sessions})\n"),
        }
    }
}
