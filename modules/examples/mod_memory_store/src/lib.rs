//! mod_memory_store, an example module: it publishes a store. With `FileStore memory`, the clients'
//! files are in the daemon's memory, and are lost when the configuration is reloaded.

mod file;
mod store;
mod tree;

use gantry_api::prelude::*;

use store::Memory;

#[derive(Default)]
struct MemoryStore;

module! { MemoryStore, settings: Settings }

/// Its name in FileStore.
const NAME: &str = "memory";

settings! {
    /// The settings of one server.
    struct Settings {
        /// The maximum size of all files in the store together, in bytes.
        size: u64 = MemoryStoreSize "bytes" in SERVER, inherits: no, default: "67108864", parse: parse::number;
    }
}

#[async_trait]
impl Module for MemoryStore {
    fn offers(_: &Scopes<'_>) -> Vec<Offer> {
        vec![Offer::Store(NAME.to_owned())]
    }

    async fn start(&mut self, start: &mut Start<'_>) -> Result<()> {
        let size = start.servers::<Settings>().next().map_or(0, |(_, settings)| settings.size);
        start.publish().store(NAME, Memory::new(size));
        Ok(())
    }
}
