//! `gantry kick`: ends sessions with a 421 reply.

use clap::ValueEnum;

use super::common::Common;
use super::connection::Request;
use super::error::ControlError;
use super::value::KickReply;
use crate::show::text::counted;
use crate::show::text::visible;

/// Ends sessions by user, host, class or number.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Kick {
    /// What the names mean
    kind: Kind,
    /// Users, host names or addresses, classes, or session numbers from `gantry who`
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// End at most this many sessions
    #[arg(short = 'n', long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    count: Option<u32>,
    #[command(flatten)]
    common: Common,
}

const EXAMPLES: &str = "\
Examples:
  gantry kick user bob dave
  gantry kick host -n 10 192.0.2.7
  gantry kick session 4711";

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// Logged-in users
    User,
    /// Hosts of clients
    Host,
    /// Classes of clients
    Class,
    /// Single sessions
    Session,
}

impl Kick {
    pub fn run(&self) -> Result<(), ControlError> {
        self.common.show(&self.request(), |kicked: KickReply, _| told(&kicked))
    }

    fn request(&self) -> Request {
        let kind = match self.kind {
            Kind::User => "user",
            Kind::Host => "host",
            Kind::Class => "class",
            Kind::Session => "session",
        };
        let request = Request::new("kick").word(kind);
        let request = match self.count {
            Some(count) => request.word("-n").word(count),
            None => request,
        };
        request.words(&self.names)
    }
}

fn told(kicked: &KickReply) -> String {
    let ids: Vec<String> = kicked.kicked.iter().map(|id| visible(&id.to_string()).into_owned()).collect();
    let count = counted(ids.len() as u64, "session");
    if ids.is_empty() { format!("{count} ended\n") } else { format!("{count} ended: {}\n", ids.join(" ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_their_kind() {
        let kick = |count| Kick {
            kind: Kind::Host,
            names: vec!["a".to_owned(), "b".to_owned()],
            count,
            common: Common::default(),
        };
        assert_eq!(kick(Some(3)).request().arguments, ["host", "-n", "3", "a", "b"]);
        assert_eq!(kick(None).request().arguments, ["host", "a", "b"]);
        let kicked = KickReply { kicked: vec![7.into(), 9.into()] };
        assert_eq!(told(&kicked), "2 sessions ended: 7 9\n");
        assert_eq!(told(&KickReply::default()), "0 sessions ended\n");
    }
}
