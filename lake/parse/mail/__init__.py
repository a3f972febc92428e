"""Mail: internet messages and Outlook items."""
