"""What executors add to the clients that they drive: time, memory, and time to stop."""
