"""What pages for people share: the console's and the reports' templates, the words for numbers and times, and plots."""
