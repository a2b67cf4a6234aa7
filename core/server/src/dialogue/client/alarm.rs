//! A timer for deadlines that move on with each command. It is not set anew each time, for that
//! costs more than a look at it: when it rings too early, it is set to what has become of the
//! deadline.

use std::pin::Pin;

use tokio::time::{Instant, Sleep, sleep_until};

/// The timer.
#[derive(Debug, Default)]
pub struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Waits until a time, or for ever.
    pub async fn wait(&mut self, until: Option<Instant>) {
        let Some(time) = until else { return std::future::pending().await };
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(time)));
        if sleep.is_elapsed() || sleep.deadline() > time {
            sleep.as_mut().reset(time);
        }
        loop {
            sleep.as_mut().await;
            if sleep.deadline() >= time || Instant::now() >= time {
                return;
            }
            sleep.as_mut().reset(time);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::runtime::Builder;
    use tokio::time::timeout;

    use super::*;

    #[test]
    fn it_rings_at_the_time_of_the_last_wait() {
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let (mut alarm, began) = (Alarm::default(), Instant::now());
            let after = |time| began + Duration::from_millis(time);
            let never = timeout(Duration::ZERO, alarm.wait(Some(after(20)))).await.is_err();
            assert!(never && timeout(Duration::ZERO, alarm.wait(None)).await.is_err());
            // It was set to an earlier time.
            alarm.wait(Some(after(40))).await;
            assert!(Instant::now() >= after(40));
            // It is set to a later one.
            assert!(timeout(Duration::ZERO, alarm.wait(Some(after(3_600_000)))).await.is_err());
            alarm.wait(Some(after(60))).await;
            assert!(Instant::now() >= after(60));
            alarm.wait(Some(began)).await;
        });
    }
}
