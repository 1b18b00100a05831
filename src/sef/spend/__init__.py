"""Where the money of past work went: folds over the requests of transcripts."""
