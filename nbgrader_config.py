"""The course for nbgrader: where its folders are, and that student code runs in a jail."""

c = get_config()  # noqa: F821 (nbgrader defines it)

c.CourseDirectory.course_id = "backpropagation"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
c.CourseDirectory.solution_directory = "model_answers"  # not solution/, one letter from the source

c.ClearSolutions.code_stub = {
    "python": 'raise NotImplementedError("Not written yet: put your code in place of this line.")'
}
c.ClearSolutions.text_stub = "*Write your answer here.*"

# reads submissions as what they are: bytes that anybody may have written
c.Autograde.exporter_class = "bpkit.grading.intake.CheckedSubmissions"

# nbgrader's own list, with the jailed executor in place of nbgrader.preprocessors.Execute
c.Autograde.autograde_preprocessors = [
    "bpkit.grading.executor.JailedExecute",
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# nbgrader's own list, with steps that say which marks are still to be given by a person, and that
# keep hidden tests out of what students get back
c.GenerateFeedback.preprocessors = [
    "bpkit.grading.feedback.GetMarks",
    "bpkit.grading.feedback.HideHiddenTests",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]

# pages without scripts, with formulas that need no network
c.GenerateFeedback.exporter_class = "bpkit.grading.feedback_page.FeedbackExporter"

# where there is an exchange: takes of each student what they put there themselves, without links
c.ExchangeFactory.collect = "bpkit.grading.exchange.CarefulCollect"
c.ExchangeFactory.release_feedback = "bpkit.grading.exchange.CarefulReleaseFeedback"
