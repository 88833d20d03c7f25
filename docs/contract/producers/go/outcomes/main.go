// Reads outcomes and answers to cancellations, and prints one line for each: outcomes [COUNT]
//
// CLOSURE_AMQP names the broker, CLOSURE_QUEUE your queue of outcomes (crm.outcomes without it).
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// What needs no percent-encoding in a name or a password, or has it.
const part = `(?:[\w.~!$&'()*+,;=-]|%[0-9a-f]{2})`

var address = regexp.MustCompile(`(?i)^amqps?://(` + part + `+(:` + part + `*)?@)?(` + part +
	`+|\[[0-9a-f:.]+\])(:[0-9]+)?(/[^/?#@\s]*)?(\?[^@#\s]*)?$`)

// broker returns its address; the library would repeat the password in what it says of a wrong one.
func broker() (string, error) {
	uri := os.Getenv("CLOSURE_AMQP")
	if _, err := amqp.ParseURI(uri); err != nil || !address.MatchString(uri) {
		return "", errors.New("CLOSURE_AMQP is no address; percent-encode the special characters of its password")
	}
	return uri, nil
}

type message struct {
	Kind      string `json:"kind"`
	OutcomeID string `json:"outcome_id"`
	Outcome   string `json:"outcome"`
	Channel   string `json:"channel"`
	Code      string `json:"code"`
	JobID     string `json:"job_id"`
	Corrects  string `json:"corrects"`
	CancelID  string `json:"cancel_id"`
}

var lines = map[string]func(message) string{
	"closure.outcome/1": func(outcome message) string {
		line := fmt.Sprintf("%s.%s %s %s", outcome.Channel, outcome.Outcome, outcome.Code, outcome.JobID)
		if outcome.Corrects != "" {
			line += " corrects " + outcome.Corrects
		}
		return line
	},
	"closure.cancel-outcome/1": func(answer message) string {
		return fmt.Sprintf("cancel.%s %s", answer.Outcome, answer.CancelID)
	},
}

// record is your own commit; a repeat carries the same outcome_id, and what `corrects` names counts no more.
// In your program seen is a unique column in your own database.
func record(body []byte, seen map[string]bool) error {
	var kind struct{ Kind string }
	if err := json.Unmarshal(body, &kind); err != nil {
		return err
	}
	line, known := lines[kind.Kind]
	if !known {
		fmt.Fprintln(os.Stderr, "passed over:", kind.Kind) // a later release tells more
		return nil
	}
	var told message
	if err := json.Unmarshal(body, &told); err != nil {
		return err
	}
	if !seen[told.OutcomeID] {
		seen[told.OutcomeID] = true
		fmt.Println(line(told))
	}
	return nil
}

// read returns nil after so many different outcomes, and a problem when the broker ends it.
func read(count int) error {
	uri, err := broker()
	if err != nil {
		return err
	}
	connection, err := amqp.DialConfig(uri, amqp.Config{Heartbeat: 10 * time.Second})
	if err != nil {
		return err
	}
	defer connection.Close()
	channel, err := connection.Channel()
	if err != nil {
		return err
	}
	closed := channel.NotifyClose(make(chan *amqp.Error, 1))
	if err := channel.Qos(100, 0, false); err != nil {
		return err
	}
	queue := os.Getenv("CLOSURE_QUEUE")
	if queue == "" {
		queue = "crm.outcomes"
	}
	deliveries, err := channel.Consume(queue, "", false, false, false, false, nil)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for delivery := range deliveries {
		if err := record(delivery.Body, seen); err != nil {
			return err
		}
		if err := delivery.Ack(false); err != nil { // only after your commit
			return err
		}
		if len(seen) >= count {
			return nil
		}
	}
	select {
	case problem, told := <-closed:
		if told {
			return fmt.Errorf("the connection is closed; start the reader again: %w", problem)
		}
	default:
	}
	return errors.New("the queue is gone")
}

func main() {
	count := math.MaxInt
	if len(os.Args) > 1 {
		number, err := strconv.Atoi(os.Args[1])
		if err != nil || number < 1 {
			fmt.Fprintln(os.Stderr, "COUNT must be a number from 1 on")
			os.Exit(1)
		}
		count = number
	}
	if err := read(count); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
