//! The meters of one transfer, combined.

use std::time::Duration;

use gantry_api::Result;
use gantry_api::meter::{Grant, Meter};
use gantry_api::transfer::Direction;

/// The shortest pause before a meter that grants nothing is asked again.
const LEAST_WAIT: Duration = Duration::from_millis(1);

/// The meters of one transfer.
pub struct Meters {
    meters: Vec<Box<dyn Meter>>,
    way: Direction,
}

impl Meters {
    /// For a transfer in this direction.
    pub fn new(meters: Vec<Box<dyn Meter>>, way: Direction) -> Self {
        Self { meters, way }
    }

    /// Whether there are none, so that nothing has to be asked.
    pub fn is_empty(&self) -> bool {
        self.meters.is_empty()
    }

    /// How many of the next `most` bytes may move: what the strictest meter allows.
    pub fn ask(&mut self, most: u64) -> Result<Grant> {
        let (mut bytes, mut wait) = (most, None);
        for meter in &mut self.meters {
            match meter.grant(self.way, bytes)? {
                Grant::Bytes(granted @ 1..) => bytes = bytes.min(granted),
                Grant::Bytes(0) => wait = wait.max(Some(LEAST_WAIT)),
                Grant::After(time) => wait = wait.max(Some(time.max(LEAST_WAIT))),
            }
        }
        Ok(wait.map_or(Grant::Bytes(bytes), Grant::After))
    }

    /// Reports to all that bytes have moved.
    pub fn moved(&mut self, bytes: u64) -> Result<()> {
        self.meters.iter_mut().try_for_each(|meter| meter.moved(bytes))
    }
}

#[cfg(test)]
mod tests {
    use gantry_api::Error;

    use super::*;

    /// Always gives the same answer.
    struct Always(Result<Grant>);

    impl Meter for Always {
        fn grant(&mut self, _: Direction, _: u64) -> Result<Grant> {
            self.0.clone()
        }

        fn moved(&mut self, _: u64) -> Result<()> {
            Ok(())
        }
    }

    fn ask<const N: usize>(answers: [Result<Grant>; N]) -> Result<Grant> {
        let meters = answers.into_iter().map(|answer| Box::new(Always(answer)) as Box<dyn Meter>).collect();
        Meters::new(meters, Direction::Out).ask(100)
    }

    #[test]
    fn the_strictest_meter_counts() {
        let second = Duration::from_secs(1);
        assert_eq!(ask([]).unwrap(), Grant::Bytes(100));
        assert_eq!(ask([Ok(Grant::Bytes(40)), Ok(Grant::Bytes(60))]).unwrap(), Grant::Bytes(40));
        assert_eq!(ask([Ok(Grant::Bytes(400))]).unwrap(), Grant::Bytes(100));
        assert_eq!(ask([Ok(Grant::After(second)), Ok(Grant::Bytes(60))]).unwrap(), Grant::After(second));
        let full = || Err(Error::client(552, "Full"));
        assert_eq!(ask([Ok(Grant::After(second)), full()]).unwrap_err().code(), Some(552));
    }

    #[test]
    fn a_meter_that_grants_nothing_is_not_asked_in_a_loop() {
        assert_eq!(ask([Ok(Grant::Bytes(0))]).unwrap(), Grant::After(LEAST_WAIT));
        assert_eq!(ask([Ok(Grant::After(Duration::ZERO))]).unwrap(), Grant::After(LEAST_WAIT));
    }
}
