"""The pages Write, You, Check and Sent: the form, its steps, and what is wrong with it."""
