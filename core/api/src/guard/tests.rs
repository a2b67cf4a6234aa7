//! A panic becomes an error, however a call enters an image.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::*;
use crate::async_trait;
use crate::error::{Error, Fault, Result};
use crate::runtime::{Runtime, Task};
use crate::value::Value;

/// Panics when dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("in drop");
    }
}

/// A runtime that counts how often it is entered.
#[derive(Default)]
struct Counting(AtomicUsize);

impl Counting {
    fn entered(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

impl Runtime for Counting {
    fn within(&self, work: &mut dyn FnMut()) {
        self.0.fetch_add(1, Ordering::Relaxed);
        work();
    }

    fn spawn(&self, _task: Task) {}

    fn stop(&self, _limit: Duration) {}
}

guarded! {
    /// A trait with every form of method.
    trait Shop: Send + Sync {
        fn price(&self, of: &str) -> Result<u64>;
        fn sign(&self) -> Option<String>;
        fn facts(&self) -> Value {
            panic!("in a body of the trait's")
        }
        fn close(&mut self);
        fn stock(&mut self, what: Vec<u8>, into: &mut Vec<u8>) -> Result<()>;
        fn pet(&self, kind: &str) -> Result<Box<dyn Pet>>;
        fn pets(&self) -> Option<Vec<(u8, Box<dyn Pet>)>>;
        async fn order(&self, what: &str) -> Result<u64>;
        async fn deliver(&mut self, what: &mut Vec<u8>);
        async fn order_pet(&mut self, kind: &str) -> Result<Box<dyn Pet>>;
    }
}

guarded! {
    trait Pet: Send {
        fn speak(&mut self) -> Result<String>;
        async fn walk(&mut self) -> Result<u64>;
    }
}

struct Corner;

#[async_trait]
impl Shop for Corner {
    fn price(&self, of: &str) -> Result<u64> {
        if of == "tea" { Ok(3) } else { panic!("no {of}") }
    }

    fn sign(&self) -> Option<String> {
        panic!("no sign")
    }

    fn close(&mut self) {
        panic!("never")
    }

    fn stock(&mut self, what: Vec<u8>, into: &mut Vec<u8>) -> Result<()> {
        into.extend(what);
        Ok(())
    }

    fn pet(&self, kind: &str) -> Result<Box<dyn Pet>> {
        if kind == "cat" { Ok(Box::new(Cat(Bomb))) } else { Err(Error::system("no such pet")) }
    }

    fn pets(&self) -> Option<Vec<(u8, Box<dyn Pet>)>> {
        Some(vec![(1, Box::new(Cat(Bomb)))])
    }

    async fn order(&self, what: &str) -> Result<u64> {
        std::future::ready(()).await;
        self.price(what)
    }

    async fn deliver(&mut self, what: &mut Vec<u8>) {
        what.clear();
        std::future::ready(()).await;
        panic!("fell off")
    }

    async fn order_pet(&mut self, kind: &str) -> Result<Box<dyn Pet>> {
        self.pet(kind)
    }
}

/// Panics when dropped.
struct Cat(Bomb);

#[async_trait]
impl Pet for Cat {
    fn speak(&mut self) -> Result<String> {
        panic!("miaow")
    }

    async fn walk(&mut self) -> Result<u64> {
        let _so_long = &self.0;
        panic!("a cat")
    }
}

fn home() -> Home {
    Home { module: "mod_test".into(), runtime: None }
}

/// The result of a future that is ready on the first poll.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("it waits"),
    }
}

fn panicked<T>(answer: Result<T>) -> String {
    let error = answer.err().expect("a panic is an error");
    assert_eq!(error.fault(), Fault::Panic);
    error.message().to_owned()
}

#[test]
fn a_panic_in_a_call_becomes_an_error() {
    let error = home().call::<()>(|| panic!("no {}", 1)).unwrap_err();
    assert_eq!(error.message(), "mod_test panicked: no 1");
}

#[test]
fn a_panic_in_a_poll_or_drop_stays_inside() {
    let home = home();
    let bomb = Bomb;
    let mut call = Box::pin(Call::<Result<()>>::new(&home, || {
        Box::pin(async move {
            let _bomb = bomb;
            std::future::pending::<()>().await;
            Ok(())
        })
    }));
    let mut context = Context::from_waker(Waker::noop());
    assert!(call.as_mut().poll(&mut context).is_pending());
    drop(call);
    let mut call = Box::pin(Call::<Result<()>>::new(&home, || Box::pin(async { panic!("in poll") })));
    let Poll::Ready(Err(error)) = call.as_mut().poll(&mut context) else { panic!("not caught") };
    assert_eq!(error.message(), "mod_test panicked: in poll");
    assert!(matches!(call.as_mut().poll(&mut context), Poll::Ready(Err(_))), "it is not polled any more");
    drop(Guarded::new(home.clone(), Bomb));
}

#[test]
fn a_plain_method_is_guarded() {
    let mut shop: Box<dyn Shop> = Box::new(Guarded::new(home(), Corner));
    assert_eq!(shop.price("tea").unwrap(), 3);
    assert_eq!(panicked(shop.price("ham")), "mod_test panicked: no ham");
    let mut shelf = Vec::new();
    shop.stock(b"tea".to_vec(), &mut shelf).unwrap();
    assert_eq!(shelf, b"tea");
}

#[test]
fn where_nothing_is_an_answer_a_panic_leaves_nothing() {
    let mut shop: Box<dyn Shop> = Box::new(Guarded::new(home(), Corner));
    assert_eq!(shop.sign(), None);
    assert_eq!(shop.facts(), Value::None);
    shop.close();
    let mut parcel = b"tea".to_vec();
    now(shop.deliver(&mut parcel));
    assert!(parcel.is_empty(), "what was done before is done");
}

#[test]
fn an_async_method_is_guarded_in_each_poll() {
    let shop: Box<dyn Shop> = Box::new(Guarded::new(home(), Corner));
    assert_eq!(now(shop.order("tea")).unwrap(), 3);
    assert_eq!(panicked(now(shop.order("ham"))), "mod_test panicked: no ham");
}

#[test]
fn objects_in_an_answer_come_back_guarded() {
    let mut shop: Box<dyn Shop> = Box::new(Guarded::new(home(), Corner));
    let mut pets = vec![shop.pet("cat").unwrap(), now(shop.order_pet("cat")).unwrap()];
    pets.extend(shop.pets().into_iter().flatten().map(|(_, pet)| pet));
    assert_eq!(pets.len(), 3);
    for pet in &mut pets {
        assert_eq!(panicked(pet.speak()), "mod_test panicked: miaow");
        assert_eq!(panicked(now(pet.walk())), "mod_test panicked: a cat");
    }
    // Each panics in its drop.
    drop(pets);
    assert_eq!(shop.pet("dog").err().map(|error| error.message().to_owned()).as_deref(), Some("no such pet"));
}

#[test]
fn a_runtime_is_entered_by_those_who_may_wait_alone() {
    let runtime = Arc::new(Counting::default());
    let home = Home { module: "mod_test".into(), runtime: Some(runtime.clone()) };
    let mut shop: Box<dyn Shop> = Box::new(Guarded::new(home, Corner));
    let _ = (shop.price("tea"), shop.facts());
    shop.close();
    assert_eq!(runtime.entered(), 0);
    let _ = now(shop.order("tea"));
    assert_eq!(runtime.entered(), 3, "the future is made, polled and dropped there");
    let mut cat = now(shop.order_pet("cat")).unwrap();
    runtime.entered();
    let _ = cat.speak();
    assert_eq!(runtime.entered(), 0);
    let _ = now(cat.walk());
    assert_eq!(runtime.entered(), 3, "it has the runtime of its maker");
    drop(cat);
    assert_eq!(runtime.entered(), 1);
}
