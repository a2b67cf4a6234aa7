//! mod_memory_store, an example of a module: it publishes a store. Where the
//! configuration says `FileStore memory`, the clients' files are in the daemon's
//! memory, and gone when the configuration is read anew.

mod file;
mod store;
mod tree;

use gantry_api::prelude::*;

use store::Memory;

#[derive(Default)]
struct MemoryStore;

module! { MemoryStore, settings: Settings }

settings! {
    /// What the configuration says, for one server.
    struct Settings {
        /// How many bytes all files of the store together may have.
        size: u64 = MemoryStoreSize "bytes" in SERVER, inherits: no, default: "67108864", parse: parse::number;
    }
}

#[async_trait]
impl Module for MemoryStore {
    async fn start(&mut self, start: &mut Start<'_>) -> Result<()> {
        let size = start.servers::<Settings>().next().map_or(0, |(_, settings)| settings.size);
        start.publish().store("memory", Memory::new(size));
        Ok(())
    }
}
