//! The task that writes: everything that waits goes out in as few writes as possible.

use std::io::{self, IoSlice};
use std::sync::Arc;

use tokio::net::unix::pipe;

use crate::base::write::{self, SLICES_MAX};
use crate::connection::outgoing::Outgoing;
use crate::connection::state::Connection;

/// Writes until the connection is closed or finished. Dropping the pipe is the server's end of
/// input.
pub(super) async fn run(connection: Arc<Connection>, mut stdin: pipe::Sender) {
    let mut batch = Vec::new();
    loop {
        match take(&connection, &mut batch) {
            Next::End => return,
            Next::Wait => connection.woken().await,
            Next::Write => {
                if let Err(error) = write_batch(&connection, &mut stdin, &batch).await {
                    connection.cut(format!("it closed its input: {error}"));
                    return;
                }
                written(&connection, &mut batch);
            }
        }
    }
}

enum Next {
    Write,
    Wait,
    End,
}

/// Takes what fits in one write. What is taken counts as sent from here on.
fn take(connection: &Connection, batch: &mut Vec<Outgoing>) -> Next {
    let mut state = connection.lock();
    if state.end.is_closed() {
        return Next::End;
    }
    let mut slices = 0;
    while let Some(next) = state.queue.first() {
        slices += next.payload.parts().len() + 1;
        if slices > SLICES_MAX && !batch.is_empty() {
            break;
        }
        batch.extend(state.queue.begin_first());
    }
    for item in batch.iter() {
        if let Some((id, cell)) = &item.cell {
            cell.mark_sending(connection.key(), *id);
        }
    }
    match (batch.is_empty(), state.end.is_finishing()) {
        (false, _) => Next::Write,
        (true, true) => Next::End,
        (true, false) => Next::Wait,
    }
}

/// What was being written counted as waiting until now, so that a server that reads slowly meets
/// the bound.
fn written(connection: &Connection, batch: &mut Vec<Outgoing>) {
    let mut bytes = 0;
    for item in batch.drain(..) {
        bytes += item.payload.len();
        if let Some((_, cell)) = item.cell {
            cell.mark_sent(connection.key());
        }
    }
    connection.lock().queue.sent(bytes);
}

async fn write_batch(
    connection: &Connection,
    stdin: &mut pipe::Sender,
    batch: &[Outgoing],
) -> io::Result<()> {
    let mut slices = Vec::with_capacity(2 * batch.len());
    for item in batch {
        item.payload.slices(&mut slices);
        slices.push(IoSlice::new(b"\n"));
    }
    let mut rest = slices.as_mut_slice();
    match stdin.try_write_vectored(rest) {
        Ok(count) => IoSlice::advance_slices(&mut rest, count),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
        Err(error) => return Err(error),
    }
    if rest.is_empty() {
        return Ok(());
    }
    batch.iter().filter_map(|item| item.cell.as_ref()).for_each(|(_, cell)| {
        cell.mark_cut(connection.key());
    });
    write::all(stdin, rest).await
}
