//! mod_core: the commands of a session that belong to no transfer, listing or login (RFC 959, 1123, 2389, 2428, 3659).
//! Each file here has one kind of them; this one says which there are and leads to them.

mod addresses;
mod directories;
mod features;
mod files;
mod help;
mod mode;
mod parameters;
mod session;
mod settings;
mod status;

use gantry_api::prelude::*;

use crate::help::SITE_HELP;
use crate::settings::Settings;

/// The module.
#[derive(Default)]
pub struct Core;

module! { Core, settings: Settings }

const ANY_TIME: [Verb; 15] = [
    Verb::QUIT,
    Verb::SYST,
    Verb::TYPE,
    Verb::MODE,
    Verb::STRU,
    Verb::NOOP,
    Verb::ALLO,
    Verb::ABOR,
    Verb::HELP,
    Verb::FEAT,
    Verb::OPTS,
    Verb::REIN,
    Verb::ACCT,
    Verb::SMNT,
    SITE_HELP,
];

const LOGGED_IN: [Verb; 9] =
    [Verb::PASV, Verb::PORT, Verb::EPSV, Verb::EPRT, Verb::PWD, Verb::XPWD, Verb::CDUP, Verb::XCUP, Verb::SITE];

const ON_PATHS: [Verb; 11] = [
    Verb::CWD,
    Verb::XCWD,
    Verb::MKD,
    Verb::XMKD,
    Verb::RMD,
    Verb::XRMD,
    Verb::DELE,
    Verb::RNFR,
    Verb::RNTO,
    Verb::SIZE,
    Verb::MDTM,
];

const SITE_CHMOD: Verb = Verb::new("SITE_CHMOD");

#[async_trait]
impl Module for Core {
    fn hooks(&self) -> Vec<Hook> {
        let any_time = ANY_TIME.into_iter().map(|verb| Hook::command(verb).before_login());
        let logged_in = LOGGED_IN.into_iter().map(Hook::command);
        let on_paths = ON_PATHS.into_iter().map(|verb| Hook::command(verb).path(PathArgument::Whole));
        let others = [
            Hook::command(Verb::STAT).path(PathArgument::AfterOptions),
            Hook::command(SITE_CHMOD).path(PathArgument::AfterWord),
        ];
        any_time.chain(logged_in).chain(on_paths).chain(others).collect()
    }

    fn at_once(&self, at: &mut Moment<'_>) -> Result<Step> {
        match at.command.verb {
            Verb::QUIT => session::quit(at),
            Verb::SYST => session::system(at),
            Verb::TYPE => session::representation(at),
            Verb::MODE => session::transfer_mode(at),
            Verb::STRU => session::structure(at),
            Verb::NOOP => parameters::done(at, 200, "NOOP command successful"),
            Verb::ALLO => session::allocate(at),
            Verb::ABOR => parameters::done(at, 226, "Abort successful"),
            Verb::REIN | Verb::ACCT | Verb::SMNT => session::not_implemented(at),
            Verb::HELP => help::help(at),
            SITE_HELP | Verb::SITE => help::site(at),
            Verb::FEAT => features::list(at),
            Verb::OPTS => features::options(at),
            Verb::PWD | Verb::XPWD => directories::print(at),
            Verb::STAT => status::status(at),
            Verb::PORT => addresses::port(at),
            Verb::EPRT => addresses::extended_port(at),
            _ => Ok(Step::Wait),
        }
    }

    async fn wait(&self, at: &mut Moment<'_>) -> Result<Step> {
        match at.command.verb {
            Verb::PASV => addresses::passive(at).await,
            Verb::EPSV => addresses::extended_passive(at).await,
            Verb::CWD | Verb::XCWD => directories::change(at).await,
            Verb::CDUP | Verb::XCUP => directories::up(at).await,
            Verb::MKD | Verb::XMKD => directories::make(at).await,
            Verb::RMD | Verb::XRMD => directories::remove(at).await,
            Verb::DELE => files::delete(at).await,
            Verb::RNFR => files::rename_from(at).await,
            Verb::RNTO => files::rename_to(at).await,
            Verb::SIZE => files::size(at).await,
            Verb::MDTM => files::modified(at).await,
            SITE_CHMOD => mode::change(at).await,
            _ => Ok(Step::Next),
        }
    }
}
