//! A document in two languages says the same in both: what programs read in it, piece by piece.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// A document and its Korean edition.
const PAIRS: [(&str, &str); 4] = [
    ("docs/integration.en.md", "docs/integration.ko.md"),
    ("docs/people.en.md", "docs/people.ko.md"),
    ("docs/failure-codes.md", "docs/failure-codes.ko.md"),
    ("README.md", "docs/README.ko.md"),
];

/// What a machine printed stands in one edition alone, between these.
const PRINTED: (&str, &str) = ("<!-- demo:begin -->", "<!-- demo:end -->");

/// What stands between two headings.
#[derive(Debug, Default)]
struct Section {
    /// The heading's depth; the part before the first heading has none.
    depth: usize,
    heading: String,
    /// What stands in backticks outside of blocks and tables, each once.
    names: BTreeSet<String>,
    /// The figures in its sentences and tables, each once.
    figures: BTreeSet<String>,
    /// Where its links lead.
    links: BTreeSet<String>,
    tables: Vec<Vec<Row>>,
    blocks: Vec<Block>,
}

/// A row of a table, cell by cell.
#[derive(Debug, PartialEq, Eq)]
struct Row(Vec<Cell>);

/// What a cell says to programs: the names in backticks, each once, and the whole of it where it has no words.
#[derive(Debug, PartialEq, Eq)]
struct Cell {
    names: BTreeSet<String>,
    figures: Option<String>,
}

/// A block of code.
#[derive(Debug)]
struct Block {
    tag: String,
    lines: Vec<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace").to_owned()
}

fn sections(name: &str) -> Vec<Section> {
    let text =
        std::fs::read_to_string(root().join(name)).unwrap_or_else(|problem| panic!("{name}: {problem}"));
    let text = match (text.split_once(PRINTED.0), text.split_once(PRINTED.1)) {
        (Some((before, _)), Some((_, after))) => format!("{before}{after}"),
        (_, _) => text,
    };
    let mut sections = vec![Section::default()];
    let (mut block, mut in_table): (Option<Block>, bool) = (None, false);
    for line in text.lines() {
        let section = sections.last_mut().expect("there is always a section");
        if let Some(tag) = line.strip_prefix("```") {
            match block.take() {
                Some(block) => section.blocks.push(block),
                None => block = Some(Block { tag: tag.to_owned(), lines: Vec::new() }),
            }
        } else if let Some(block) = &mut block {
            block.lines.push(code_of(line, &block.tag));
        } else if line.starts_with('#') {
            let depth = line.bytes().take_while(|byte| *byte == b'#').count();
            sections.push(Section { depth, heading: line.to_owned(), ..Section::default() });
        } else if line.starts_with('|') {
            if !in_table {
                section.tables.push(Vec::new());
            }
            section.tables.last_mut().expect("a table was begun").push(row(line));
            section.figures.extend(figures(line));
            section.links.extend(links(line));
        } else {
            section.names.extend(names(line));
            section.figures.extend(figures(line));
            section.links.extend(links(line));
        }
        in_table = line.starts_with('|');
    }
    sections
}

/// A line of a block as a program reads it: a command without its remark, and of a picture no words at all.
fn code_of(line: &str, tag: &str) -> String {
    match tag {
        "sh" => line.split("  #").next().unwrap_or_default().trim_end().to_owned(),
        "text" => String::new(),
        _ => line.to_owned(),
    }
}

fn names(line: &str) -> impl Iterator<Item = String> {
    line.split('`').skip(1).step_by(2).map(str::to_owned)
}

/// The figures outside of backticks, without what separates their thousands.
fn figures(line: &str) -> Vec<String> {
    let words = line.split('`').step_by(2).collect::<Vec<_>>().join(" ");
    let mut found = vec![String::new()];
    let mut characters = words.chars().peekable();
    while let Some(one) = characters.next() {
        let separates = one == ',' && characters.peek().is_some_and(char::is_ascii_digit);
        match found.last_mut() {
            Some(figure) if one.is_ascii_digit() => figure.push(one),
            Some(figure) if separates && !figure.is_empty() => {}
            Some(_) | None => found.push(String::new()),
        }
    }
    found.into_iter().filter(|figure| !figure.is_empty()).collect()
}

/// Where a line's links lead; an edition links to the editions in its own language.
fn links(line: &str) -> Vec<String> {
    let targets = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets
        .map(|target| {
            let file = target.rsplit('/').next().unwrap_or(target);
            file.replace(".en.md", ".md").replace(".ko.md", ".md")
        })
        .collect()
}

fn row(line: &str) -> Row {
    let cells = line.trim_matches('|').split('|').map(str::trim);
    Row(cells
        .map(|cell| {
            let has_words = cell.chars().any(char::is_alphabetic);
            Cell { names: names(cell).collect(), figures: (!has_words).then(|| cell.to_owned()) }
        })
        .collect())
}

#[test]
fn the_editions_of_a_document_have_the_same_sections_tables_names_links_and_code() {
    for (english, korean) in PAIRS {
        let (ours, theirs) = (sections(english), sections(korean));
        let depths = |sections: &[Section]| sections.iter().map(|section| section.depth).collect::<Vec<_>>();
        assert_eq!(depths(&ours), depths(&theirs), "the headings of {english} and {korean}");
        for (one, other) in ours.iter().zip(&theirs) {
            let place = format!("{english}, \"{}\", and {korean}, \"{}\"", one.heading, other.heading);
            assert_eq!(one.names, other.names, "the names in {place}");
            assert_eq!(one.figures, other.figures, "the figures in {place}");
            assert_eq!(one.links, other.links, "the links in {place}");
            for (ours, theirs) in one.blocks.iter().zip(&other.blocks) {
                assert_eq!(ours.tag, theirs.tag, "the tag of a block in {place}");
                for (line, (ours, theirs)) in ours.lines.iter().zip(&theirs.lines).enumerate() {
                    assert_eq!(ours, theirs, "line {line} of a block in {place}");
                }
                assert_eq!(ours.lines.len(), theirs.lines.len(), "the lines of a block in {place}");
            }
            assert_eq!(one.blocks.len(), other.blocks.len(), "the blocks in {place}");
            assert_eq!(one.tables.len(), other.tables.len(), "the tables in {place}");
            for (ours, theirs) in one.tables.iter().zip(&other.tables) {
                for (row, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                    assert_eq!(ours, theirs, "row {row} of a table in {place}");
                }
                assert_eq!(ours.len(), theirs.len(), "the rows of a table in {place}");
            }
        }
    }
}

/// One word for each thing: what the Korean guides do not say, and what they say in its place.
const NOT_SAID: [(&str, &str); 13] = [
    ("수신 확인", "전송 결과"),
    ("수신 리포트", "전송 결과"),
    ("교환기", "PBX"),
    ("대신하는 이메일", "대체 이메일"),
    ("계약", "규약"),
    ("상담원", "상담사"),
    ("데드 레터", "데드레터"),
    ("리비전", "revision"),
    ("운영자", "운영 담당자"),
    ("운영팀", "운영 담당자"),
    ("하세요", "하십시오"),
    ("어드바이저", "advisor"),
    ("슈퍼 바이저", "슈퍼바이저"),
];

#[test]
fn the_korean_documents_have_one_word_for_each_thing() {
    for (_, korean) in PAIRS {
        let text = std::fs::read_to_string(root().join(korean)).expect("there is a Korean edition");
        let mut in_block = false;
        for (number, line) in text.lines().enumerate() {
            in_block ^= line.starts_with("```");
            if in_block {
                continue;
            }
            for (wrong, right) in NOT_SAID {
                assert!(!line.contains(wrong), "{korean}:{}: {wrong} is {right} here", number + 1);
            }
            // Whoever is meant has a name: 슈퍼바이저 settles letters, 운영 담당자 runs the fleet.
            let nobody = line.replace("운영 담당자", "");
            assert!(!nobody.contains("담당자"), "{korean}:{}: 담당자 is one of two people", number + 1);
        }
    }
}

/// The counts of a cap of the shipped rules, as the page of the rules shows them.
fn caps(name: &str) -> [String; 2] {
    let rules =
        std::fs::read_to_string(root().join("docs/rulebook.md")).expect("the page of the rules is there");
    [name.to_owned(), format!("{name}_day")].map(|cap| {
        let (_, rest) =
            rules.split_once(&format!("`caps.{cap}` = `{{\"count\":")).expect("the cap stands there");
        rest.split(',').next().unwrap_or_default().to_owned()
    })
}

#[test]
fn both_guides_say_how_often_one_number_may_be_tried_as_the_shipped_rules_do() {
    for (guide, number, neighbours) in [
        (
            "docs/integration.en.md",
            "take {hour} an hour and {day} a day",
            "such neighbours {hour} and {day};",
        ),
        (
            "docs/integration.ko.md",
            "한 시간에 {hour}건, 하루에 {day}건",
            "인접 번호는 {hour}건과 {day}건까지",
        ),
    ] {
        let text = std::fs::read_to_string(root().join(guide)).expect("there is a guide");
        let row = text.lines().find(|line| line.starts_with("| `number_cap_reached`"));
        let row = row.unwrap_or_else(|| panic!("{guide} does not say what number_cap_reached means"));
        for (cap, words) in [("number", number), ("address", number), ("prefix", neighbours)] {
            let [hour, day] = caps(cap);
            let words = words.replace("{hour}", &hour).replace("{day}", &day);
            assert!(row.contains(&words), "{guide}: {words}");
        }
    }
    let demo = std::fs::read_to_string(root().join("crates/xtask/src/demo/endings.rs")).expect("a source");
    let [hour, _] = caps("number");
    assert!(demo.contains(&format!("are contacted {hour} times an hour")), "the demo says another cap");
}
