//! What a server offers: its lists, each definition as the server wrote it.
//!
//! Whatever a server sends here is kept in memory, read by operators and put into every prompt, so all of it has
//! a bound: a list ([`list`]), a definition and what people and models read of it ([`item`]), the
//! instructions. What is beyond is left out or cut, the rest lives, and the operator is told.
//!
//! What is slightly wrong in a definition is made right ([`crate::definitions`]), for a client that checks a
//! list loses all of it for one member of a wrong type.

mod item;
mod list;
mod lists;
mod read;
#[cfg(test)]
mod tests;

pub use item::Item;
pub use list::List;
pub use lists::{Complaint, Offer};
pub use read::{read, read_all};
