//! How long all waits of one reply, or of one phase, may take together.
//!
//! Time spent by the receiver of the data does not count: a slow disk does not make the server slow.

use std::time::Duration;

/// The minimum rate of a listing or a message, in octets per second. At this rate it may take as long as it
/// needs; a slower server only keeps the client busy.
pub(super) const MIN_RATE: u32 = 1024;

/// The remaining time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    left: Duration,
    grows: bool,
}

impl Budget {
    /// A budget of `timeout`, whatever is received.
    pub(super) fn fixed(timeout: Duration) -> Budget {
        Budget { left: timeout, grows: false }
    }

    /// A budget that grows with each octet received.
    pub(super) fn growing(timeout: Duration) -> Budget {
        Budget { left: timeout, grows: true }
    }

    pub(super) fn left(&self) -> Duration {
        self.left
    }

    /// Subtracts the duration of a wait in which `octets` were received.
    pub(super) fn spend(&mut self, waited: Duration, octets: usize) {
        self.left = self.left.saturating_sub(waited);
        if self.grows {
            // A buffer holds far less than 32 bits can count.
            let earned = Duration::from_secs(1) / MIN_RATE * u32::try_from(octets).unwrap_or(u32::MAX);
            self.left = self.left.saturating_add(earned);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn fast_data_extends_the_budget() {
        let mut budget = Budget::growing(2 * SECOND);
        for _ in 0..1000 {
            budget.spend(SECOND, 2048);
            assert!(budget.left() >= 2 * SECOND);
        }
    }

    #[test]
    fn slow_data_uses_up_the_budget() {
        let mut budget = Budget::growing(2 * SECOND);
        let pause = SECOND * 4 / 5;
        let waits = std::iter::repeat_with(|| {
            let fits = budget.left() >= pause;
            budget.spend(pause, 10);
            fits
        });
        assert_eq!(waits.take(100).take_while(|fits| *fits).count(), 2);
    }

    #[test]
    fn a_phase_does_not_grow_and_any_timeout_is_valid() {
        let mut phase = Budget::fixed(2 * SECOND);
        phase.spend(SECOND, 1 << 20);
        assert_eq!(phase.left(), SECOND);
        let mut endless = Budget::growing(Duration::MAX);
        endless.spend(Duration::ZERO, usize::MAX);
        assert_eq!(endless.left(), Duration::MAX);
    }
}
