use std::sync::Arc;

use super::Turns;
use crate::connection::cell::Cell;
use crate::connection::origin::{Origin, Owner};
use crate::connection::outgoing::Outgoing;
use crate::wire::Payload;

/// A request that waits.
fn add(turns: &mut Turns, session: u64, id: u64) -> Arc<Cell> {
    let owner = Some(Owner { principal: 1, session });
    let cell = Arc::new(Cell::new(Origin { owner, ..Origin::default() }));
    let payload = Payload::from("x".repeat(10));
    turns.wait(session, Outgoing { payload, cell: Some((id, cell.clone())) });
    cell
}

fn next(turns: &mut Turns, open: usize) -> Option<u64> {
    turns.next(open).and_then(|item| Turns::id(&item))
}

#[test]
fn sessions_take_turns_and_each_has_its_oldest_first() {
    let mut turns = Turns::default();
    turns.limit(Some(1));
    for id in 1..=1000 {
        add(&mut turns, 7, id);
    }
    let other = add(&mut turns, 8, 1001);
    add(&mut turns, 8, 1002);
    assert!(other.is_waiting());
    let order: Vec<_> = (0..6)
        .filter_map(|_| {
            let open = turns.waiting();
            next(&mut turns, open)
        })
        .collect();
    assert_eq!(order, [1, 1001, 2, 1002, 3, 4]);
    assert!(!other.is_waiting());
    assert_eq!(turns.waiting(), 996);
}

#[test]
fn no_more_go_than_may() {
    let mut turns = Turns::default();
    turns.limit(Some(2));
    assert!(turns.has_room(1) && !turns.has_room(2));
    add(&mut turns, 1, 3);
    // Two with the server, one that waits.
    assert_eq!(next(&mut turns, 3), None);
    assert_eq!(next(&mut turns, 2), Some(3));
    add(&mut turns, 1, 4);
    turns.limit(None);
    assert!(turns.is_limited() && turns.has_room(100));
    assert_eq!(next(&mut turns, 100), Some(4));
    assert!(!turns.is_limited());
}

#[test]
fn what_is_taken_back_does_not_hold_up_its_session() {
    let mut turns = Turns::default();
    turns.limit(Some(1));
    let cells: Vec<_> = (1..=3).map(|id| add(&mut turns, 5, id)).collect();
    let alone = add(&mut turns, 6, 4);
    assert_eq!(turns.bytes_of(5), 30);
    assert_eq!(turns.take_back(2, &cells[1]), Some(10));
    assert_eq!(turns.take_back(2, &cells[1]), None);
    assert_eq!(turns.take_back(4, &alone), Some(10));
    let order: Vec<_> = (0..2)
        .filter_map(|_| {
            let open = turns.waiting();
            next(&mut turns, open)
        })
        .collect();
    assert_eq!(order, [1, 3]);
    assert_eq!((turns.waiting(), next(&mut turns, 0)), (0, None));
    assert!(turns.of_session.is_empty() && turns.order.is_empty());
}

#[test]
fn all_that_waits_is_told_at_the_end() {
    let mut turns = Turns::default();
    turns.limit(Some(1));
    add(&mut turns, 1, 2);
    add(&mut turns, 2, 1);
    let mut ids = turns.clear();
    ids.sort_unstable();
    assert_eq!((ids, turns.waiting()), (vec![1, 2], 0));
}
