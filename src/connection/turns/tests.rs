use std::sync::Arc;

use super::Turns;
use crate::access::rounds::Lane;
use crate::connection::cell::Cell;
use crate::connection::origin::{Origin, Owner};
use crate::connection::outgoing::Outgoing;
use crate::wire::Payload;

/// A request that waits.
fn add(turns: &mut Turns, session: u64, id: u64) -> Arc<Cell> {
    add_of(turns, Owner { principal: 1, session }, id)
}

fn add_of(turns: &mut Turns, owner: Owner, id: u64) -> Arc<Cell> {
    let cell = Arc::new(Cell::new(Origin { owner: Some(owner), ..Origin::default() }));
    let payload = Payload::from("x".repeat(10));
    turns.wait(owner, Outgoing { payload, cell: Some((id, cell.clone())) });
    cell
}

/// One principal floods a server from a hundred sessions; nine have a request each now and then.
#[test]
fn who_has_many_sessions_keeps_no_other_principal_waiting() {
    let mut turns = Turns::default();
    turns.limit(Some(1));
    let mut id = 0;
    let mut next_id = || {
        id += 1;
        id
    };
    for session in 0..100 {
        for _ in 0..10 {
            add_of(&mut turns, Owner { principal: 0, session }, next_id());
        }
    }
    let mut of_flooder = 0;
    for round in 0..50 {
        // They come in another order each time.
        for polite in (1..=9).map(|at| 1 + (at + round) % 9) {
            add_of(&mut turns, Owner { principal: polite, session: 100 + polite }, next_id());
        }
        let mut served: Vec<u64> = (0..10)
            .map(|_| {
                let item = turns.next(turns.waiting()).unwrap();
                item.cell.unwrap().1.owner().unwrap().principal
            })
            .collect();
        served.sort_unstable();
        assert_eq!(served, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], "each has one of ten, round {round}");
        of_flooder += 1;
    }
    // What nobody else wants is the flooder's: all the rest, from all sessions in turn.
    let rest: Vec<u64> = std::iter::from_fn(|| {
        let item = turns.next(turns.waiting())?;
        Some(item.cell.unwrap().1.owner().unwrap().session)
    })
    .collect();
    assert_eq!(rest.len(), 1000 - of_flooder);
    let mut first: Vec<u64> = rest[..100].to_vec();
    first.sort_unstable();
    assert_eq!(first, (0..100).collect::<Vec<u64>>());
    assert!(turns.requests.is_empty());
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
    assert_eq!(turns.bytes_of(Owner { principal: 1, session: 5 }), (30, 40));
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
    assert!(turns.requests.is_empty());
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
