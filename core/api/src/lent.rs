//! Objects that one image made and another one holds. Their code, that of their
//! drop above all, is in the image that made them: it must stay mapped for longer.

use std::fmt;
use std::ops::{Deref, DerefMut};

/// A value of an image's making, with what keeps that image mapped: the image
/// itself, or whatever holds it. The value goes first, however the struct that this
/// is a field of is arranged.
pub struct Lent<T, I> {
    // Fields are dropped in the order in which they are declared, and here alone
    // does that matter: `the_value_goes_before_its_image`.
    value: T,
    image: I,
}

impl<T, I> Lent<T, I> {
    /// A value whose code `image` keeps mapped.
    pub fn new(value: T, image: I) -> Self {
        Self { value, image }
    }

    /// What keeps the code mapped.
    pub fn image(this: &Self) -> &I {
        &this.image
    }

    /// Drops the value; the image is still mapped.
    pub fn give_back(this: Self) -> I {
        drop(this.value);
        this.image
    }

    /// The value made into another one of the same images.
    pub fn map<U>(this: Self, change: impl FnOnce(T) -> U) -> Lent<U, I> {
        // Were `change` to panic, `image` would go after what it holds.
        let Self { value, image } = this;
        Lent { value: change(value), image }
    }

    /// Both apart: the caller sees to it that the image goes last.
    pub fn into_parts(this: Self) -> (T, I) {
        (this.value, this.image)
    }
}

impl<T, I> Deref for Lent<T, I> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T, I> DerefMut for Lent<T, I> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: fmt::Debug, I> fmt::Debug for Lent<T, I> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{self, AssertUnwindSafe};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    /// Mapped until it is dropped.
    struct Image(Arc<AtomicBool>);

    impl Drop for Image {
        fn drop(&mut self) {
            self.0.store(false, Ordering::Relaxed);
        }
    }

    /// Its drop needs the image.
    struct Value {
        mapped: Arc<AtomicBool>,
        sound: Arc<AtomicBool>,
    }

    impl Drop for Value {
        fn drop(&mut self) {
            self.sound.store(self.mapped.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    fn lent() -> (Lent<Value, Image>, Arc<AtomicBool>, Arc<AtomicBool>) {
        let (mapped, sound) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
        let value = Value { mapped: mapped.clone(), sound: sound.clone() };
        (Lent::new(value, Image(mapped.clone())), mapped, sound)
    }

    #[test]
    fn the_value_goes_before_its_image() {
        let (lent, mapped, sound) = lent();
        drop(lent);
        assert!(sound.load(Ordering::Relaxed));
        assert!(!mapped.load(Ordering::Relaxed));
    }

    #[test]
    fn what_is_given_back_is_still_mapped() {
        let (lent, mapped, sound) = lent();
        let image = Lent::give_back(lent);
        assert!(sound.load(Ordering::Relaxed) && mapped.load(Ordering::Relaxed));
        drop(image);
    }

    #[test]
    fn a_change_keeps_the_order_even_if_it_panics() {
        let (one, _, sound) = lent();
        drop(Lent::map(one, |value| vec![value]));
        assert!(sound.load(Ordering::Relaxed));
        let (other, _, sound) = lent();
        let changed = panic::catch_unwind(AssertUnwindSafe(|| {
            Lent::map(other, |_value| panic!("while it is changed"));
        }));
        assert!(changed.is_err() && sound.load(Ordering::Relaxed));
    }
}
