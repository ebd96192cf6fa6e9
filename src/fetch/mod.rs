//! What a fetch run needs to know and to decide: the journal, the plan, the policy, and what it tells.

pub mod event;
pub mod journal;
pub mod plan;
pub mod policy;
