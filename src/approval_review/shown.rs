//! A question as a person reads it.

use crate::api::ApprovalReport;
use crate::terminal::print;
use crate::terminal::style::Style;

/// Of the arguments so much is shown in a list, in characters.
const BRIEF: usize = 60;

/// One line for each call.
pub(super) fn table(approvals: &[ApprovalReport]) {
    let rows: Vec<[String; 5]> = approvals.iter().flat_map(rows).collect();
    let style = |column: usize, _: &str| if column == 0 { Style::Bold } else { Style::Plain };
    print::table(["ID", "LEFT", "CALL", "CLIENT", "ARGUMENTS"], &rows, style, &[3]);
}

fn rows(approval: &ApprovalReport) -> impl Iterator<Item = [String; 5]> {
    approval.calls.iter().map(|call| {
        let arguments = call.arguments.as_deref().unwrap_or_default();
        let brief: String = arguments.chars().take(BRIEF).collect();
        let rest = if brief.len() < arguments.len() { "…" } else { "" };
        [
            approval.id.clone(),
            format!("{} s", approval.expires_in),
            call.name.clone(),
            approval.client.clone(),
            format!("{brief}{rest}"),
        ]
    })
}

/// All of it.
pub(super) fn whole(approval: &ApprovalReport) {
    print::styled(&[
        (Style::Bold, approval.id.clone()),
        (Style::Plain, format!("  {} of {}", approval.client, approval.principal)),
        (Style::Plain, approval.cwd.as_ref().map_or_else(String::new, |cwd| format!(" in {cwd}"))),
    ]);
    for call in &approval.calls {
        print::styled(&[
            (Style::Notable, format!("  {}", call.name)),
            (Style::Dim, format!("  {} of server {}", call.kind, call.server)),
        ]);
        if let Some(arguments) = call.arguments.as_deref().filter(|text| *text != "{}") {
            print::line(&format!("    {arguments}"));
        }
    }
    let (rule, left) = (&approval.rule, approval.expires_in);
    print::styled(&[(Style::Dim, format!("  asked by the rule {rule}; {left} s left"))]);
}
