//! `fleet explain --jsonl`: one job a line in, one answer a line out, for as long as lines come.

use std::{
    io::{self, BufRead, BufReader, BufWriter, Write},
    time::Duration,
};

use closure_contract::{Language, Timestamp, job::DecodeError, topology::JOB_BYTES_MAX};
use closure_store::StoreError;
use serde::Serialize;

use super::Failure;
use crate::{
    advice::{Advice, FailedAnswers, Unreadable},
    engine::Engine,
    visible::VisibleJson,
};

/// So much of standard input is read at once.
const READ_BYTES: usize = 256 * 1024;
/// At most so many lines are answered together.
const WAVE_LINES_MAX: usize = 256;

/// So often the database is asked about one line.
const TRIES_MAX: u32 = 5;
const PAUSE: Duration = Duration::from_secs(1);

/// The answer for one line, with its number beside it.
#[derive(Serialize)]
struct Answer {
    line: u64,
    #[serde(flatten)]
    advice: Advice,
}

/// One line of the input.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    /// Its bytes are in the buffer, without the line break.
    Whole,
    /// It has so many bytes, more than a job may have, and was passed over.
    TooLong(usize),
    /// There is none left.
    End,
}

/// What a line asks.
enum Question {
    Document(Vec<u8>),
    /// About one of so many bytes, more than a job may have.
    TooLong(usize),
}

/// Why the answers stopped before the input did.
#[derive(Debug, thiserror::Error)]
enum Stopped {
    /// A side of the pipe is gone.
    #[error(transparent)]
    Stream(#[from] io::Error),
    /// The database cannot say what it knows beside the jobs.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Answers every line of standard input; a line that is no job gets its error and stops nothing.
///
/// Memory holds the lines of one wave, whatever is piped through. Empty lines are counted and not answered.
pub(super) async fn run(engine: &Engine) -> Result<FailedAnswers, Failure> {
    let input = BufReader::with_capacity(READ_BYTES, io::stdin().lock());
    match answer_all(input, BufWriter::new(io::stdout().lock()), engine).await {
        Ok(failed) => Ok(failed),
        // A reader that has gone away ends the command quietly, as it does everywhere.
        Err(Stopped::Stream(problem)) if problem.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(Stopped::Stream(problem)) => Err(Failure::Input(format!("standard input: {problem}"))),
        Err(Stopped::Store(problem)) => Err(problem.into()),
    }
}

async fn answer_all(
    mut input: BufReader<impl io::Read>,
    mut output: impl Write,
    engine: &Engine,
) -> Result<FailedAnswers, Stopped> {
    let mut failed = FailedAnswers::default();
    let mut line = 0;
    loop {
        let wave = next_wave(&mut input, &mut line)?;
        if wave.is_empty() {
            output.flush()?;
            return Ok(failed);
        }
        // The questions of one wave share their statements to the database.
        let answers = wave.into_iter().map(|(line, question)| async move {
            answer(question, engine).await.map(|advice| Answer { line, advice })
        });
        for answer in futures::future::try_join_all(answers).await? {
            failed.add(&answer.advice);
            let document = serde_json::to_string(&answer).map_err(io::Error::from)?;
            write!(output, "{}", VisibleJson(&document))?;
            output.write_all(b"\n")?;
        }
        // Whoever waits for an answer before asking again must have it; a stream in full flow is written in blocks.
        if !input.buffer().contains(&b'\n') {
            output.flush()?;
        }
    }
}

/// A database that cannot serve for a moment does not end hours of work: it is asked again a few times.
async fn answer(question: Question, engine: &Engine) -> Result<Advice, StoreError> {
    let bytes = match question {
        Question::Document(bytes) => bytes,
        Question::TooLong(bytes) => {
            return Ok(Advice::NoJob {
                error: Unreadable::of(&DecodeError::TooLarge { bytes }, Language::English),
            });
        }
    };
    for _ in 1..TRIES_MAX {
        match Advice::about(&bytes, engine, Timestamp::now()).await {
            Err(problem) if problem.is_unavailable() => tokio::time::sleep(PAUSE).await,
            answer => return answer,
        }
    }
    Advice::about(&bytes, engine, Timestamp::now()).await
}

/// The next lines with their numbers: one that is waited for, and those that have come with it; none at the end.
fn next_wave(input: &mut BufReader<impl io::Read>, line: &mut u64) -> io::Result<Vec<(u64, Question)>> {
    let mut wave = Vec::new();
    while wave.is_empty() || (wave.len() < WAVE_LINES_MAX && input.buffer().contains(&b'\n')) {
        let mut buffer = Vec::new();
        *line += 1;
        match next_line(input, &mut buffer)? {
            Line::End => break,
            Line::Whole if buffer.trim_ascii().is_empty() => {}
            Line::Whole => wave.push((*line, Question::Document(buffer))),
            Line::TooLong(bytes) => wave.push((*line, Question::TooLong(bytes))),
        }
    }
    Ok(wave)
}

/// Reads to the next line break and keeps no more than a job may have.
fn next_line(input: &mut impl BufRead, buffer: &mut Vec<u8>) -> io::Result<Line> {
    buffer.clear();
    let mut bytes = 0;
    loop {
        let chunk = match input.fill_buf() {
            Ok(chunk) => chunk,
            Err(problem) if problem.kind() == io::ErrorKind::Interrupted => continue,
            Err(problem) => return Err(problem),
        };
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let part = &chunk[..end.unwrap_or(chunk.len())];
        let (used, over) = (part.len() + usize::from(end.is_some()), end.is_some() || chunk.is_empty());
        let nothing_came = chunk.is_empty() && bytes == 0;
        bytes += part.len();
        if bytes <= JOB_BYTES_MAX {
            buffer.extend_from_slice(part);
        }
        input.consume(used);
        match (over, nothing_came) {
            (true, true) => return Ok(Line::End),
            (true, false) if bytes > JOB_BYTES_MAX => return Ok(Line::TooLong(bytes)),
            (true, false) => return Ok(Line::Whole),
            (false, _) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use closure_contract::topology::JOB_BYTES_MAX;
    use closure_policy::rulebook::Rulebook;
    use serde_json::Value;

    use super::{FailedAnswers, answer_all};
    use crate::{engine::Engine, live_rulebook::Rules};

    /// Answers a text through a buffer of seven bytes, so that every line crosses several reads.
    fn answers(input: &[u8]) -> (FailedAnswers, Vec<Value>) {
        let rulebook = Rulebook::default().compile().expect("the defaults are sound");
        let engine = Engine::new(Rules::without_templates(rulebook), None);
        let mut output = Vec::new();
        let answered = answer_all(BufReader::with_capacity(7, input), &mut output, &engine);
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime can be built");
        let failed = runtime.block_on(answered).expect("memory can be read and written");
        let lines = output.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        (failed, lines.map(|line| serde_json::from_slice(line).expect("an answer is JSON")).collect())
    }

    fn job(text: &str) -> String {
        serde_json::json!({
            "kind": "closure.sms/1", "job_id": "0191e1a0-0000-7000-8000-000000000001",
            "consultation": { "id": "C-1", "channel": "board" }, "agent": { "id": "a" }, "scope": "overseas",
            "to": { "phone": { "number": "+819012345678" } }, "sms": { "text": text },
        })
        .to_string()
    }

    #[test]
    fn a_bad_line_has_its_number_and_code_and_stops_nothing() {
        let input = format!("{}\r\n\nnot JSON\n{{\"kind\":\"closure.sms/1\"}}\n{}", job("Hello"), job("🙂"));
        let (failed, answers) = answers(input.as_bytes());
        let summary: Vec<(u64, &str)> = answers
            .iter()
            .map(|answer| {
                let word = answer["error"]["code"].as_str().or(answer["verdict"].as_str());
                (
                    answer["line"].as_u64().expect("a line has a number"),
                    word.expect("an answer says something"),
                )
            })
            .collect();
        assert_eq!(summary, [(1, "send"), (3, "unreadable_body"), (4, "wrong_shape"), (5, "reject")]);
        assert_eq!(answers[2]["error"]["path"], "job_id");
        assert_eq!(failed, FailedAnswers { unsent: 1, unreadable: 2 });
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over_and_the_next_one_is_answered() {
        let limit = JOB_BYTES_MAX;
        let input = format!("{}\n{}\n{}", "x".repeat(limit + 1), "y".repeat(limit), job("Hello"));
        let (_, answers) = answers(input.as_bytes());
        assert_eq!(answers[0]["error"]["code"], "body_too_large");
        assert_eq!(answers[1]["error"]["code"], "unreadable_body", "a line of the limit itself is read");
        assert_eq!(answers[2]["verdict"], "send");
    }

    #[test]
    fn no_input_has_no_answer() {
        assert_eq!(answers(b""), (FailedAnswers::default(), Vec::new()));
        assert_eq!(answers(b"\n \n").1, Vec::<Value>::new());
    }
}
