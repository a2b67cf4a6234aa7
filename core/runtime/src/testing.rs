//! Tests of both layouts. A loaded runtime is a runtime of this image's tokio, so the
//! tests need no shared object.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Once, mpsc};
use std::time::{Duration, Instant};

use gantry_api::log::{Host, Level, Record};
use gantry_api::runtime::{Layout, Runtime};

use crate::start;

const LIMIT: Duration = Duration::from_secs(10);

/// The daemon's side: keeps all lines.
struct Lines(Mutex<Vec<String>>);

static LINES: Lines = Lines(Mutex::new(Vec::new()));

impl Host for Lines {
    fn enabled(&self, level: Level) -> bool {
        level <= Level::Info
    }

    fn log(&self, record: &Record<'_>) {
        self.0
            .lock()
            .unwrap()
            .push(format!("{:?} {} {} {:?}", record.level, record.target, record.message, record.fields));
    }
}

fn connect() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| gantry_api::log::connect(&LINES));
}

fn logged(part: &str) -> bool {
    let end = Instant::now() + LIMIT;
    while Instant::now() < end {
        if LINES.0.lock().unwrap().iter().any(|line| line.contains(part)) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    false
}

fn daemon() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Runs a check in both layouts, on a thread like the daemon's.
fn both(check: fn(Arc<dyn Runtime>)) {
    connect();
    let daemon = daemon();
    for layout in [Layout::Linked, Layout::Loaded] {
        let run = daemon.spawn(async move {
            let runtime = start(layout, "mod_test_of_a_long_name").unwrap();
            tokio::task::block_in_place(|| check(runtime));
        });
        daemon.block_on(run).unwrap();
    }
}

/// Reports when it is dropped.
struct Last(Arc<AtomicBool>);

impl Drop for Last {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn tasks_sleep_and_spawn_on_their_own() {
    both(|runtime| {
        let (send, receive) = mpsc::channel();
        runtime.spawn(Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            let inner = tokio::spawn(async {
                tokio::time::sleep(Duration::from_millis(1)).await;
                std::thread::current().name().map(str::to_owned)
            });
            send.send(inner.await.unwrap()).unwrap();
        }));
        receive.recv_timeout(LIMIT).unwrap();
        runtime.stop(LIMIT);
    });
}

#[test]
fn a_loaded_runtime_has_a_thread_of_the_modules_name() {
    let runtime = start(Layout::Loaded, "mod_test_of_a_long_name").unwrap();
    let (send, receive) = mpsc::channel();
    runtime.spawn(Box::pin(async move { send.send(std::thread::current().name().map(str::to_owned)).unwrap() }));
    assert_eq!(receive.recv_timeout(LIMIT).unwrap().as_deref(), Some("mod_test_of_a_l"));
}

#[test]
fn work_within_can_sleep_and_spawn() {
    connect();
    let runtime = start(Layout::Loaded, "mod_test").unwrap();
    let (send, receive) = mpsc::channel();
    let mut send = Some(send);
    runtime.within(&mut || {
        let send = send.take().unwrap();
        drop(tokio::spawn(async move { send.send(tokio::time::timeout(LIMIT, async { 7 }).await).unwrap() }));
    });
    assert_eq!(receive.recv_timeout(LIMIT).unwrap(), Ok(7));
}

#[test]
fn stop_ends_the_tasks_and_waits_for_them() {
    both(|runtime| {
        let dropped = Arc::new(AtomicBool::new(false));
        let (last, (send, receive)) = (Last(Arc::clone(&dropped)), mpsc::channel());
        runtime.spawn(Box::pin(async move {
            let _last = last;
            send.send(()).unwrap();
            std::future::pending::<()>().await;
        }));
        receive.recv_timeout(LIMIT).unwrap();
        runtime.stop(LIMIT);
        assert!(dropped.load(Ordering::SeqCst));
        runtime.stop(LIMIT);
    });
}

#[test]
fn a_task_spawned_after_stop_is_dropped() {
    both(|runtime| {
        runtime.stop(LIMIT);
        let dropped = Arc::new(AtomicBool::new(false));
        let last = Last(Arc::clone(&dropped));
        runtime.spawn(Box::pin(async move {
            let _last = last;
            unreachable!("it is never polled");
        }));
        assert!(dropped.load(Ordering::SeqCst));
    });
}

#[test]
fn stop_keeps_to_its_limit() {
    both(|runtime| {
        let (send, receive) = mpsc::channel();
        let (end, ended) = mpsc::channel::<()>();
        runtime.spawn(Box::pin(async move {
            send.send(()).unwrap();
            let _ = ended.recv_timeout(LIMIT);
        }));
        receive.recv_timeout(LIMIT).unwrap();
        let begun = Instant::now();
        runtime.stop(Duration::from_millis(50));
        assert!(begun.elapsed() < LIMIT / 2);
        drop(end);
    });
}

#[test]
fn stop_inside_its_own_context_does_not_panic() {
    connect();
    for layout in [Layout::Linked, Layout::Loaded] {
        let single = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        single.block_on(async {
            let runtime = start(layout, "mod_test").unwrap();
            runtime.spawn(Box::pin(std::future::pending()));
            runtime.within(&mut || runtime.stop(LIMIT));
        });
    }
    both(drop);
}

#[test]
fn a_panic_of_a_task_is_a_line_that_names_the_module() {
    struct Bomb(&'static str);
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("{}", self.0);
        }
    }
    connect();
    let daemon = daemon();
    let _entered = daemon.enter();
    for (layout, module) in [(Layout::Linked, "mod_linked"), (Layout::Loaded, "mod_loaded")] {
        let runtime = start(layout, module).unwrap();
        runtime.spawn(Box::pin(async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            panic!("in a poll");
        }));
        assert!(logged(&format!("Error {module} a task: {module} panicked: in a poll")));
        let bomb = Bomb("in a drop");
        runtime.spawn(Box::pin(async move {
            let _bomb = bomb;
            std::future::pending::<()>().await;
        }));
        runtime.stop(LIMIT);
        assert!(logged(&format!("Error {module} a task, while being dropped: {module} panicked: in a drop")));
        runtime.spawn(Box::pin(async {}));
    }
}

#[test]
fn a_linked_module_without_the_daemons_runtime_is_told() {
    let error = start(Layout::Linked, "mod_test").err().unwrap();
    assert!(error.message().contains("mod_test needs the daemon's runtime"));
}

#[test]
fn trace_events_reach_the_daemons_log_with_their_fields() {
    connect();
    let _runtime = start(Layout::Loaded, "mod_traced").unwrap();
    let rows = 3;
    tracing::info!(target: "sql::query", rows, table = "users", "a query");
    tracing::debug!(target: "sql::query", "too low");
    let _span = tracing::info_span!("unseen").entered();
    // The name is that of the test that started a loaded runtime first.
    assert!(logged("Info sql::query a query [(\"module\", \"mod_t"));
    assert!(logged("(\"rows\", \"3\"), (\"table\", \"users\")]"));
    assert!(!LINES.0.lock().unwrap().iter().any(|line| line.contains("too low")));
}
