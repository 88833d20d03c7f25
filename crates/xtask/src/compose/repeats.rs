//! What people do with a project that is up: ask it, scale it, take it down and up again, give it a wrong path.

use std::collections::BTreeSet;
use std::path::Path;

use crate::compose::outages::PersonalData;
use crate::compose::project::{Project, docker};
use crate::demo::scenario::Scenario;
use crate::error::{Result, failed};

/// The stand-ins of the outside world; their records are what customers would have received.
const OUTSIDE: [&str; 3] = ["nhn", "smtp", "pbx"];
/// A user of database and broker that a later release might bring.
const NEW_USER: &str = "doctor";

/// The operator's tools start nothing and wait for nothing.
pub fn ask_around(project: &Project) -> Result<()> {
    let before = starts(project)?;
    for (tool, arguments) in [("operator", &["dead", "list"][..]), ("doctor", &[])] {
        let said = project.succeed(&[&["run", "--rm", "--no-TTY", tool], arguments].concat())?;
        println!("  `run --rm {tool}` took {:.1} s", said.took.as_secs_f64());
    }
    if starts(project)? != before {
        return failed("asking started a container");
    }
    project.succeed(&["stop", "rabbitmq"])?;
    let said = project.ask(&["run", "--rm", "--no-TTY", "doctor"])?;
    if said.code != Some(1) || !said.output.contains("ILL  broker") {
        return failed(format!("doctor does not tell that the broker is away: {}", said.complaint()));
    }
    if project.fact("rabbitmq", "{{.State.Running}}")? != "false" {
        return failed("asking the doctor started the broker");
    }
    println!(
        "  with the broker stopped, doctor says so after {:.1} s and leaves it stopped",
        said.took.as_secs_f64()
    );
    project.succeed(&["start", "rabbitmq"])?;
    project.wait_until_well()?;
    Ok(())
}

/// When each container was started last.
fn starts(project: &Project) -> Result<BTreeSet<String>> {
    let containers = project.containers()?;
    let mut names = vec!["inspect", "--format", "{{.Name}} {{.State.StartedAt}}"];
    names.extend(containers.iter().map(|container| container.name.as_str()));
    let said = docker(&names, &project.interrupt)?;
    Ok(said.lines().map(str::to_owned).collect())
}

/// Three processes of the role for texts; the others stay as they are.
pub fn scale(project: &Project) -> Result<()> {
    let took = project.up(&["--no-recreate", "--scale", "sms=3"])?;
    let count = project.containers()?.iter().filter(|container| container.service == "sms").count();
    if count != 3 {
        return failed(format!("{count} containers of sms instead of 3"));
    }
    println!("  three of sms are healthy after {} s", took.as_secs());
    Ok(())
}

/// No container but the outside world's has said who a customer is.
pub fn read_logs(project: &Project, scenario: &Scenario, mut personal_data: PersonalData) -> Result<()> {
    for row in &scenario.rows {
        let expect = &row.expect;
        let known = [&expect.digits, &expect.address, &expect.dialled];
        personal_data.extend(known.into_iter().flatten().filter(|known| known.len() > 5).cloned());
        for job in row.publish.iter().filter_map(|publication| publication.job.as_ref()) {
            let at = |place: &str| job.pointer(place).and_then(serde_json::Value::as_str);
            let said = ["/to/phone/number", "/to/email", "/sms/text", "/email/text", "/fallback/text"];
            personal_data.extend(
                said.iter().filter_map(|place| at(place)).filter(|text| text.len() > 8).map(str::to_owned),
            );
        }
    }
    let services: Vec<String> =
        project.containers()?.into_iter().map(|container| container.service).collect();
    let mut lines = 0;
    for service in services.iter().collect::<BTreeSet<_>>() {
        if OUTSIDE.contains(&service.as_str()) {
            continue;
        }
        let said = project.succeed(&["logs", "--no-color", "--no-log-prefix", service])?;
        let log = said.output + &said.errors;
        lines += log.lines().count();
        if let Some(needle) = personal_data.iter().find(|needle| log.contains(needle.as_str())) {
            return failed(format!("the log of {service} says `{needle}`"));
        }
    }
    println!("  {lines} lines of logs name none of {} numbers, addresses and texts", personal_data.len());
    Ok(())
}

/// Down, with nothing left but the data; up again, with every letter where it was and the user that a new release brings.
pub fn down_and_up(project: &Project) -> Result<()> {
    let desk = ["run", "--rm", "--no-TTY", "operator", "--json", "dead", "list", "--limit", "1000"];
    let letters = project.succeed(&desk)?.output;
    let user = format!("DROP OWNED BY closure_{NEW_USER}; DROP ROLE closure_{NEW_USER}");
    let drop = format!(
        "PGPASSWORD=$(cat /run/secrets/postgres_password) psql --no-psqlrc --quiet -U postgres -d closure -c '{user}'"
    );
    project.succeed(&["exec", "--no-TTY", "postgres", "bash", "-c", &drop])?;
    project.succeed(&["exec", "--no-TTY", "rabbitmq", "rabbitmqctl", "--quiet", "delete_user", NEW_USER])?;
    end(project, &[])?;
    let volumes = docker(&["volume", "ls", "--quiet"], &project.interrupt)?;
    if volumes.lines().count() != 3 {
        return failed(format!("three volumes should be left, and there are:\n{volumes}"));
    }
    let took = project.up(&[])?;
    println!(
        "  up again and well after {} s, with a user of database and broker that was not there before",
        took.as_secs()
    );
    if project.succeed(&desk)?.output != letters {
        return failed("the desk has other letters than before");
    }
    println!("  the desk has the {} letters that it had", letters.matches("\"id\"").count());
    Ok(())
}

/// Ends the project as the documents say; no container and no network of it is left.
pub fn end(project: &Project, more: &[&str]) -> Result<()> {
    let said = project.ask_with(&["*"], &[&["down"], more].concat())?;
    if said.code != Some(0) {
        return failed(format!("`docker compose down` {}", said.complaint()));
    }
    let listed = |arguments: &[&str]| docker(arguments, &project.interrupt);
    let containers = listed(&["ps", "--all", "--quiet"])?;
    let networks = listed(&["network", "ls", "--quiet", "--filter", "type=custom"])?;
    if containers.is_empty() && networks.is_empty() {
        return Ok(());
    }
    failed(format!("`down` leaves containers or networks: {containers} {networks}"))
}

/// A path that is not there is told with its name, and nothing is made in its place.
pub fn wrong_path(project: &Project, path: &Path) -> Result<()> {
    let said = project.ask(&["up", "--detach"])?;
    let told = said.errors.contains(&path.display().to_string());
    if said.code == Some(0) || !told {
        return failed(format!("`up` does not name the path that is not there: {}", said.complaint()));
    }
    if path.exists() {
        return failed(format!("{} was made by `up`", path.display()));
    }
    println!("  `up` names the path that is not there, and makes nothing in its place");
    Ok(())
}
