//! mod_start: starts as its one directive says, or does not.

use gantry_api::prelude::*;

#[derive(Default)]
struct Begin;

module! { Begin, settings: Settings }

settings! {
    /// What the configuration says.
    struct Settings {
        /// How the module starts.
        way: String = StartWay "well|error|panic|wait|block" in SERVER, inherits: replace, default: "well";
    }
}

#[async_trait]
impl Module for Begin {
    async fn start(&mut self, start: &mut Start<'_>) -> Result<()> {
        let way = start.servers::<Settings>().next().map(|(_, settings)| settings.way.as_str());
        match way {
            Some("error") => Err(Error::configuration("the place is taken")),
            Some("panic") => panic!("the place is on fire"),
            Some("wait") => std::future::pending().await,
            Some("block") => loop {
                std::thread::park();
            },
            _ => Ok(()),
        }
    }
}
