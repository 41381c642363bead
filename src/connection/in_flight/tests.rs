use std::sync::Arc;

use super::{FEW, IN_FLIGHT_MAX, InFlight, NoPlace, RESERVED};
use crate::connection::cell::Cell;
use crate::connection::origin::{Origin, Owner};

fn owner(principal: u64, session: u64) -> Owner {
    Owner { principal, session }
}

/// Takes places until there are none for this owner.
fn take_all(
    table: &mut InFlight,
    owner: impl Into<Option<Owner>>,
    last: &mut u64,
) -> (usize, NoPlace) {
    let (owner, mut taken) = (owner.into(), 0);
    loop {
        if let Err(why) = table.admit(owner) {
            return (taken, why);
        }
        *last += 1;
        table.insert(*last, Arc::new(Cell::new(Origin { owner, ..Origin::default() })));
        taken += 1;
    }
}

#[test]
fn no_number_of_greedy_sessions_takes_the_places_of_those_with_few_calls() {
    let (mut table, mut last) = (InFlight::default(), 0);
    let mut shares = Vec::new();
    for session in 0..40 {
        let (taken, why) = take_all(&mut table, owner(1, session), &mut last);
        assert!(!matches!(why, NoPlace::Full), "{why}");
        shares.push(taken);
    }
    assert_eq!(shares[0], (IN_FLIGHT_MAX - RESERVED).div_ceil(2), "half of what was free");
    assert!(shares.is_sorted_by(|a, b| a >= b) && shares[39] >= FEW, "{shares:?}");
    assert!(table.admit(Some(owner(1, 99))).is_ok() && table.admit(Some(owner(2, 100))).is_ok());
}

#[test]
fn a_principal_leaves_room_for_others() {
    let (mut table, mut last) = (InFlight::default(), 0);
    let mut refused = None;
    for session in 0..8 {
        let (_, why) = take_all(&mut table, owner(1, session), &mut last);
        refused = refused.or(Some(why).filter(|why| matches!(why, NoPlace::Principal(_))));
    }
    assert!(refused.is_some());
    let (taken, _) = take_all(&mut table, owner(2, 9), &mut last);
    assert!(taken > 100, "{taken}");
}

#[test]
fn places_come_back() {
    let (mut table, mut last) = (InFlight::default(), 0);
    let (taken, _) = take_all(&mut table, owner(1, 1), &mut last);
    for id in 1..=last {
        assert!(table.remove(id).is_some() && table.remove(id).is_none());
    }
    assert!(table.of_session.is_empty() && table.of_principal.is_empty());
    assert_eq!(take_all(&mut table, owner(1, 1), &mut last).0, taken);
    assert_eq!(table.take().count(), taken);
    assert!(table.of_session.is_empty() && table.len() == 0);
}

#[test]
fn our_own_requests_have_a_place_as_long_as_there_is_any() {
    let (mut table, mut last) = (InFlight::default(), 0);
    let (taken, why) = take_all(&mut table, None, &mut last);
    assert_eq!((taken, why), (IN_FLIGHT_MAX, NoPlace::Full));
    assert_eq!(table.admit(Some(owner(1, 1))), Err(NoPlace::Full));
}
