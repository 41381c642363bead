//! The rooms as they are, held against the plan and the map.

use std::collections::BTreeSet;
use std::fs;

use super::plan::PLAN;
use super::{code, room_of, rust_files, source};

#[test]
fn the_plan_has_no_cycle_and_knows_every_room() {
    for (index, (room, imports)) in PLAN.iter().enumerate() {
        for import in *imports {
            let below = PLAN[..index].iter().any(|(name, _)| name == import);
            assert!(below, "{room} imports {import}, which does not stand above it");
        }
    }
    let rooms: Vec<String> =
        rust_files(&source()).iter().filter_map(|path| room_of(path)).collect();
    for room in rooms {
        assert!(PLAN.iter().any(|(name, _)| *name == room), "src/{room} is not in the plan");
    }
}

/// The storey of each room: right above the highest that it may import.
fn storeys() -> Vec<(&'static str, usize)> {
    let mut storeys: Vec<(&str, usize)> = Vec::new();
    for (room, imports) in PLAN {
        let below = storeys.iter().filter(|(other, _)| imports.contains(other));
        let storey = below.map(|(_, storey)| storey + 1).max().unwrap_or(0);
        storeys.push((room, storey));
    }
    storeys
}

#[test]
fn the_picture_of_the_house_is_true() {
    let text = fs::read_to_string(source().join("lib.rs")).unwrap();
    let picture = text.split("//! ```text\n").nth(1).unwrap().split("//! ```").next().unwrap();
    let (mut shown, mut storey) = (Vec::new(), 0);
    for line in picture.lines() {
        let line = line.trim_start_matches("//!").trim_start();
        let words: Vec<&str> = line.split_whitespace().collect();
        let room = match words[0].parse() {
            Ok(number) => {
                storey = number;
                words[1]
            }
            Err(_) => words[0],
        };
        shown.push((room, storey));
    }
    let mut planned = storeys();
    planned.sort_unstable();
    shown.sort_unstable();
    assert_eq!(shown, planned);
}

#[test]
fn rooms_import_only_downwards_and_only_what_they_use() {
    let (mut breaches, mut used) = (Vec::new(), BTreeSet::new());
    for path in rust_files(&source()) {
        let Some(room) = room_of(&path) else { continue };
        let (_, allowed) = PLAN.iter().find(|(name, _)| *name == room).unwrap();
        let text = code(&fs::read_to_string(&path).unwrap());
        for (position, _) in text.match_indices("crate::") {
            let rest = &text[position + "crate::".len()..];
            if rest.starts_with('{') {
                breaches.push(format!("{}: one import for each room", path.display()));
            }
            let import: String =
                rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let known = PLAN.iter().any(|(name, _)| *name == import);
            if known && import != room && !allowed.contains(&import.as_str()) {
                breaches.push(format!("{}: {room} may not know {import}", path.display()));
            }
            used.insert((room.clone(), import));
        }
    }
    for (room, imports) in PLAN {
        for import in *imports {
            if !used.contains(&((*room).to_owned(), (*import).to_owned())) {
                breaches.push(format!("{room} does not use {import}, which it may"));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}
