"""Random walks of the schedule, judged by an oracle that knows the rules and no trick."""
