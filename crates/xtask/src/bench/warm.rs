//! Tables as years leave them: many old deliveries with their attempts and receipts, before anything is measured.
//!
//! One text goes its real way, and its rows are copied in whatever form this revision has them: only ids, references and
//! times differ.

use crate::bench::database::Database;
use crate::error::{Context, Result, failed};
use crate::interrupt::Interrupt;

/// One statement copies so many deliveries.
const BATCH: u64 = 50_000;
/// The youngest of the old deliveries.
const YOUNGEST_MS: u64 = 3 * 24 * 60 * 60 * 1_000;
/// From one old delivery to the next.
const STEP_MS: u64 = 250;
/// So many bytes of the disk stay free.
const FREE_BYTES_MIN: u64 = 2 * 1024 * 1024 * 1024;
/// The text whose rows are copied.
const TEMPLATE: &str = "SELECT job_id FROM delivery WHERE channel = 'sms' AND state = 'delivered' LIMIT 1";
/// Every column of every table that says of which job a row is.
const COLUMNS: &str = "
SELECT c.table_name, c.column_name, c.data_type
FROM information_schema.columns AS c
JOIN information_schema.columns AS j ON j.table_schema = c.table_schema AND j.table_name = c.table_name
JOIN information_schema.tables AS t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' AND j.column_name = 'job_id' AND j.data_type = 'uuid'
    AND c.is_identity = 'NO' AND c.is_generated = 'NEVER'
ORDER BY c.table_name, c.ordinal_position";

/// A table with what each column of a copy is made from.
struct Copied {
    table: String,
    columns: Vec<String>,
    expressions: Vec<String>,
}

/// Copies a text that has ended until there are so many more, and brings the planner's statistics up to date.
pub fn fill(database: &Database, count: u64, interrupt: &Interrupt) -> Result<()> {
    let Some(template) = database.query(TEMPLATE)?.into_iter().flatten().next() else {
        return failed("no text has been delivered, so that there is nothing to copy");
    };
    let now_ms = database.number("SELECT floor(extract(epoch FROM now()) * 1000)")? as u64;
    let oldest_ms = now_ms.saturating_sub(YOUNGEST_MS + count * STEP_MS);
    let mut tables = Vec::new();
    for table in copied(&database.query(COLUMNS)?, oldest_ms, now_ms) {
        let rows = format!("SELECT count(*) FROM \"{}\" WHERE job_id = '{template}'", table.table);
        if database.number(&rows)? > 0.0 {
            tables.push(table);
        }
    }
    let begin_bytes = size(database)?;
    for first in (1..=count).step_by(usize::try_from(BATCH).unwrap_or(usize::MAX)) {
        interrupt.check()?;
        let last = count.min(first + BATCH - 1);
        for table in &tables {
            database.query(&table.statement(&template, first, last))?;
        }
        if first == 1 {
            let bytes = (size(database)? - begin_bytes) * count as f64 / last as f64;
            has_room(database, bytes)?;
        }
        if last.is_multiple_of(BATCH * 20) {
            eprintln!("{last} of {count} old deliveries …");
        }
    }
    interrupt.check()?;
    // Hint bits and the visibility map are written now, and not beside what is measured.
    database.query("VACUUM (ANALYZE)")?;
    let mib = (size(database)? - begin_bytes) / (1024.0 * 1024.0);
    eprintln!("{count} old deliveries, {mib:.0} MiB");
    Ok(())
}

fn size(database: &Database) -> Result<f64> {
    database.number("SELECT pg_database_size(current_database())")
}

/// Fails where so many bytes would fill the disk.
fn has_room(database: &Database, bytes: f64) -> Result<()> {
    let Some(folder) = database.query("SHOW data_directory")?.into_iter().flatten().next() else {
        return failed("PostgreSQL does not say where its data are");
    };
    let disk = rustix::fs::statvfs(&folder).context(|| format!("cannot look at {folder}"))?;
    let free = (disk.f_bavail * disk.f_frsize).saturating_sub(FREE_BYTES_MIN) as f64;
    if bytes <= free {
        return Ok(());
    }
    let gib = |bytes: f64| bytes / (1024.0 * 1024.0 * 1024.0);
    failed(format!(
        "the old deliveries would take {:.1} GiB and the disk has room for {:.1}; ask for fewer with --warm",
        gib(bytes),
        gib(free)
    ))
}

/// The tables of these columns, each with the expressions of a copy.
fn copied(columns: &[Vec<String>], oldest_ms: u64, now_ms: u64) -> Vec<Copied> {
    let mut tables: Vec<Copied> = Vec::new();
    for column in columns {
        let [table, name, data_type] = column.as_slice() else { continue };
        if tables.last().is_none_or(|last| last.table != *table) {
            tables.push(Copied { table: table.clone(), columns: Vec::new(), expressions: Vec::new() });
        }
        if let Some(last) = tables.last_mut() {
            last.columns.push(format!("\"{name}\""));
            last.expressions.push(expression(name, data_type, oldest_ms, now_ms));
        }
    }
    tables
}

/// What a column of copy `n` is.
fn expression(name: &str, data_type: &str, oldest_ms: u64, now_ms: u64) -> String {
    match (name, data_type) {
        // Ids rise with time, as we ask of producers.
        ("job_id", _) => format!(
            "(lpad(to_hex({oldest_ms} + n * {STEP_MS}), 12, '0') || '7' || left(md5(n::text), 3) || '8' || \
             substr(md5(n::text), 4, 15))::uuid"
        ),
        ("client_ref", _) => "CASE WHEN t.client_ref IS NOT NULL THEN md5('ref' || n)::uuid END".to_owned(),
        ("provider_ref", _) => "CASE WHEN t.provider_ref IS NOT NULL THEN 'warm-' || n END".to_owned(),
        ("receipt_id", _) => "t.receipt_id || '-' || n".to_owned(),
        ("consultation_id", _) => "'W-' || n".to_owned(),
        (name, "timestamp with time zone") => {
            let age_ms = now_ms - oldest_ms;
            format!("t.\"{name}\" - make_interval(secs => ({age_ms} - n * {STEP_MS}) / 1000.0)")
        }
        (name, _) => format!("t.\"{name}\""),
    }
}

impl Copied {
    fn statement(&self, template: &str, first: u64, last: u64) -> String {
        format!(
            "SET synchronous_commit = off; INSERT INTO \"{table}\" ({columns}) SELECT {expressions} \
             FROM generate_series({first}::bigint, {last}) AS n CROSS JOIN \"{table}\" AS t \
             WHERE t.job_id = '{template}' ORDER BY n",
            table = self.table,
            columns = self.columns.join(", "),
            expressions = self.expressions.join(", "),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::copied;

    #[test]
    fn a_copy_differs_in_ids_and_times_and_in_nothing_else() {
        let row =
            |table: &str, name: &str, data_type: &str| [table, name, data_type].map(str::to_owned).to_vec();
        let columns = [
            row("attempt", "job_id", "uuid"),
            row("attempt", "state", "text"),
            row("delivery", "job_id", "uuid"),
            row("delivery", "created_at", "timestamp with time zone"),
        ];
        let tables = copied(&columns, 1_000, 5_000);
        let names: Vec<&str> = tables.iter().map(|table| table.table.as_str()).collect();
        assert_eq!(names, ["attempt", "delivery"]);
        let statement = tables[0].statement("0", 1, 9);
        assert!(
            statement.contains("(\"job_id\", \"state\") SELECT (lpad(to_hex(1000 + n * 250)"),
            "{statement}"
        );
        assert!(statement.contains("::uuid, t.\"state\" FROM generate_series(1::bigint, 9)"), "{statement}");
        assert!(
            tables[1].statement("0", 1, 9).contains("t.\"created_at\" - make_interval(secs => (4000 - n")
        );
    }
}
