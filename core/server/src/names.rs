//! The names of clients (UseReverseDNS). Name servers may be silent, and the owner of an address
//! chooses which one answers for it. So look-ups run in their own threads, a few in total and fewer
//! per network; each address is looked up once at a time, and answers are cached for a while.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// The most look-ups at once.
const MOST_THREADS: usize = 16;
/// The most look-ups that run or wait for one network.
const MOST_OF_NETWORK: usize = 4;
/// The most look-ups that wait for a thread.
const MOST_WAITING: usize = 256;
/// The most cached answers.
const MOST_KNOWN: usize = 4096;
/// How long an answer is cached, even if there is no name.
const LASTS: Duration = Duration::from_secs(300);
const NONE_LASTS: Duration = Duration::from_secs(30);
/// How long a client waits for its name.
const PATIENCE: Duration = Duration::from_secs(5);

/// Looks names up.
pub struct Names {
    state: Arc<Mutex<State>>,
    look_up: fn(IpAddr) -> Option<String>,
    patience: Duration,
}

/// An answer, once there is one.
type Answer = Option<Option<String>>;

#[derive(Default)]
struct State {
    known: HashMap<IpAddr, (Option<String>, Instant)>,
    pending: HashMap<IpAddr, watch::Sender<Answer>>,
    waiting: VecDeque<IpAddr>,
    networks: HashMap<IpAddr, usize>,
    threads: usize,
}

impl Default for Names {
    fn default() -> Self {
        Self::by(gantry_sys::names::host_name, PATIENCE)
    }
}

impl Names {
    fn by(look_up: fn(IpAddr) -> Option<String>, patience: Duration) -> Self {
        Self { state: Arc::default(), look_up, patience }
    }

    /// The name of an address; `None` if it has none, or the answer takes too long.
    pub async fn of(&self, address: IpAddr) -> Option<String> {
        let mut answer = match self.ask(address) {
            Ok(known) => return known,
            Err(answer) => answer?,
        };
        let answered = tokio::time::timeout(self.patience, answer.wait_for(Option::is_some)).await;
        answered.ok()?.ok()?.clone().flatten()
    }

    /// Forgets all names.
    pub fn forget(&self) {
        locked(&self.state).known.clear();
    }

    /// The cached answer, or else where the answer will arrive if it is looked up.
    fn ask(&self, address: IpAddr) -> Result<Option<String>, Option<watch::Receiver<Answer>>> {
        let mut state = locked(&self.state);
        if let Some((name, until)) = state.known.get(&address)
            && Instant::now() < *until
        {
            return Ok(name.clone());
        }
        if let Some(pending) = state.pending.get(&address) {
            return Err(Some(pending.subscribe()));
        }
        let network = network(address);
        let of_network = state.networks.get(&network).copied().unwrap_or(0);
        if state.waiting.len() >= MOST_WAITING || of_network >= MOST_OF_NETWORK {
            return Err(None);
        }
        let (sender, receiver) = watch::channel(None);
        state.pending.insert(address, sender);
        state.waiting.push_back(address);
        state.networks.insert(network, of_network + 1);
        if state.threads < MOST_THREADS {
            let (shared, look_up) = (self.state.clone(), self.look_up);
            let thread = thread::Builder::new().name("gantry-names".to_owned());
            // Without a new thread, the running ones will do it.
            if thread.spawn(move || work(&shared, look_up)).is_ok() {
                state.threads += 1;
            } else if state.threads == 0 {
                state.settle(address, None);
                state.waiting.clear();
                return Err(None);
            }
        }
        Err(Some(receiver))
    }
}

impl State {
    fn settle(&mut self, address: IpAddr, name: Option<String>) {
        let network = network(address);
        match self.networks.get_mut(&network) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(self.networks.remove(&network)),
        }
        let now = Instant::now();
        if self.known.len() >= MOST_KNOWN {
            self.known.retain(|_, (_, until)| now < *until);
            if self.known.len() >= MOST_KNOWN {
                self.known.clear();
            }
        }
        let lasts = if name.is_some() { LASTS } else { NONE_LASTS };
        self.known.insert(address, (name.clone(), now + lasts));
        if let Some(pending) = self.pending.remove(&address) {
            let _ = pending.send(Some(name));
        }
    }
}

/// One thread's loop, until nothing waits.
fn work(shared: &Mutex<State>, look_up: fn(IpAddr) -> Option<String>) {
    loop {
        let address = {
            let mut state = locked(shared);
            let Some(address) = state.waiting.pop_front() else {
                state.threads = state.threads.saturating_sub(1);
                return;
            };
            address
        };
        let name = look_up(address);
        locked(shared).settle(address, name);
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The addresses that probably have one owner: a /24, or a /64 of IPv6.
pub fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() & !0xff).into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn address(network: u8, host: u8) -> IpAddr {
        IpAddr::from([10, 0, network, host])
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
    }

    #[test]
    fn an_address_is_looked_up_once() {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let look_up = |address: IpAddr| {
            COUNT.fetch_add(1, Ordering::Relaxed);
            address.to_string().ends_with(".1").then(|| "one".to_owned())
        };
        let (names, runtime) = (Names::by(look_up, PATIENCE), runtime());
        for _ in 0..3 {
            assert_eq!(runtime.block_on(names.of(address(0, 1))).as_deref(), Some("one"));
            assert_eq!(runtime.block_on(names.of(address(0, 2))), None);
        }
        assert_eq!(COUNT.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn silent_name_servers_hold_up_few_threads_and_no_other_network() {
        let look_up = |address| match address {
            IpAddr::V4(address) if address.octets()[2] == 1 => loop {
                thread::park();
            },
            _ => Some("known".to_owned()),
        };
        let mut names = Names::by(look_up, Duration::from_millis(1));
        for host in 0..100 {
            assert_eq!(
                names.ask(address(1, host)).is_err_and(|answer| answer.is_some()),
                usize::from(host) < MOST_OF_NETWORK
            );
        }
        let runtime = runtime();
        assert_eq!(runtime.block_on(names.of(address(1, 0))), None);
        names.patience = PATIENCE;
        assert_eq!(runtime.block_on(names.of(address(2, 1))).as_deref(), Some("known"));
        assert!(locked(&names.state).threads <= MOST_THREADS);
    }

    #[test]
    fn look_ups_are_bounded_in_all() {
        let look_up = |_| loop {
            thread::park();
        };
        let names = Names::by(look_up, PATIENCE);
        let begun = |at: u32| names.ask(IpAddr::from((at << 8).to_be_bytes())).is_err_and(|answer| answer.is_some());
        let count = (0..1000).filter(|at| begun(*at)).count();
        assert!(count <= MOST_THREADS + MOST_WAITING, "{count}");
    }

    #[test]
    fn networks_are_owners() {
        let of = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!((of("192.0.2.77"), of("2001:db8:1:2:3::4")), ("192.0.2.0".to_owned(), "2001:db8:1:2::".to_owned()));
    }
}
